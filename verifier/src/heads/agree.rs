//! Whether two readers read the same request.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::request::Parts;
use http::{Uri, Version};

use crate::heads::head::{Framing, Head};

/// Whether hyper's request is the one that was read here: its method, target and version, as many headers with as
/// many letters, and the end of its body.
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

fn is_target(target: &[u8], uri: &Uri) -> bool {
    if uri.scheme().is_none() && uri.authority().is_none() {
        return uri.path_and_query().is_some_and(|own| own.as_str().as_bytes() == target);
    }
    // A URL without a path is shown with one.
    let text = uri.to_string();
    text.as_bytes() == target || text.strip_suffix('/').is_some_and(|text| text.as_bytes() == target)
}
