#![no_main]
//! The door `token`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hallpass_fuzz::token(bytes));
