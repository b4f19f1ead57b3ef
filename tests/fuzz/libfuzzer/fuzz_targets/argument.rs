#![no_main]
//! The door `argument`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hallpass_fuzz::argument(bytes));
