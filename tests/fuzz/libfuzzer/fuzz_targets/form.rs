#![no_main]
//! The door `form`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hallpass_fuzz::form(bytes));
