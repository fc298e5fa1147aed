//! Fuzzes the text of lengths of time, which must not panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let policies = punctual_core::Policies::new().timeout(text).build();
    let _ = policies.map(|policies| serde_json::to_string(&policies));
});
