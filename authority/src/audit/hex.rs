//! Bytes as hexadecimal digits, and back.

pub(crate) use hex::encode as hex;

/// Bytes in lower-case hexadecimal, and nothing else: a signed text has one spelling.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    (hex::encode(bytes) == text).then_some(bytes)
}
