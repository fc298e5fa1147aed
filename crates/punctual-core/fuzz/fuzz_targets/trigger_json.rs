//! Fuzzes trigger JSON, which must neither panic nor break a promise.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| exercise::trigger_json(text));
