//! Bytes as hexadecimal digits, and back.

pub(crate) use hex::encode as hex;

/// Reads bytes in lower-case hexadecimal, and in no other spelling: a signed text has only one.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    (hex::encode(bytes) == text).then_some(bytes)
}
