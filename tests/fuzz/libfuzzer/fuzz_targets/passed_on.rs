#![no_main]
//! The door `passed_on`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hallpass_fuzz::passed_on(bytes));
