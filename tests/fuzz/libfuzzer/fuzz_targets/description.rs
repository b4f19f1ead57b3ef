#![no_main]
//! The door `description`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hallpass_fuzz::description(bytes));
