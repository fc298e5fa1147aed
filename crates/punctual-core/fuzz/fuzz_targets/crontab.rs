//! Fuzzes crontab text: never a panic, never a broken promise.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| exercise::crontab(text));
