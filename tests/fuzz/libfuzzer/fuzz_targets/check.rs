#![no_main]
//! The door `check`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hallpass_fuzz::check(bytes));
