#![no_main]
//! The door `json`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hallpass_fuzz::json(bytes));
