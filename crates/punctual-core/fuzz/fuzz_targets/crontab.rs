//! Fuzzes crontab text, which must neither panic nor break a promise.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| exercise::crontab(text));
