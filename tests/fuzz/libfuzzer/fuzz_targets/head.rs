#![no_main]
//! The door `head`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hallpass_fuzz::head(bytes));
