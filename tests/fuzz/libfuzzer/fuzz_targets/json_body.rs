#![no_main]
//! The door `json_body`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hallpass_fuzz::json_body(bytes));
