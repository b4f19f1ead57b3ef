#![no_main]
//! The door `target`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hallpass_fuzz::target(bytes));
