#![no_main]
//! The door `answer`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hallpass_fuzz::answer(bytes));
