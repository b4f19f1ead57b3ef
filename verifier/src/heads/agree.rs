//! Whether two readers read the same request.

use http::Version;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::request::Parts;

use crate::heads::head::{Framing, Head, is_target};

/// Whether hyper read the same request as this gateway: the same method, target, version and end of the body, and as
/// many headers with as many letters.
pub(super) fn agrees(head: &Head, request: &[u8], parts: &Parts) -> bool {
    let (method, target) = request.split_at_checked(head.method.len()).unwrap_or_default();
    let letters: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let framed = match head.framing {
        Framing::Chunked => parts.headers.contains_key(TRANSFER_ENCODING),
        Framing::Length(length) => {
            !parts.headers.contains_key(TRANSFER_ENCODING)
                && parts.headers.get(CONTENT_LENGTH).map_or(length == 0, |value| {
                    value.to_str().ok().and_then(|value| value.parse().ok()) == Some(length)
                })
        }
    };
    method == parts.method.as_str().as_bytes()
        && is_target(target, &parts.uri)
        && head.is_1_1 == (parts.version == Version::HTTP_11)
        && head.headers == parts.headers.len()
        && head.letters == letters
        && framed
}
