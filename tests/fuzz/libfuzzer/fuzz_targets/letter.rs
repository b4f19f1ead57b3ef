#![no_main]
//! The door `letter`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hallpass_fuzz::letter(bytes));
