//! Fuzzes trigger JSON: never a panic, never a broken promise.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| exercise::trigger_json(text));
