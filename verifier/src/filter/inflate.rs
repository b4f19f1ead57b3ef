//! A request body in gzip, as Google's clients for Java and .NET send it. It is inflated within the limit of every
//! body, then judged and sent plain.
//!
//! One coding and one member (RFC 1952, section 2.2) are read. Bytes after it are refused, even a second member,
//! because readers differ on whether they read it. Every other coding is refused, and the refusal names the client's
//! setting that turns it off.
//!
//! - Invariant: A body in gzip is judged and sent as the plain bytes it holds, within the size limit
//!   (`a_body_in_gzip_is_judged_and_sent_plain`, `a_bomb_is_too_large_before_it_is_held`).

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::refusal::{Refusal, RefusalCode};

/// The compression of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    None,
    Gzip,
}

/// Returns the coding of a body. The headers must state it once.
pub(crate) fn coding(headers: &HeaderMap) -> Result<Coding, Refusal> {
    let Some(coding) = headers.get(CONTENT_ENCODING) else { return Ok(Coding::None) };
    let is = |name: &str| coding.as_bytes().eq_ignore_ascii_case(name.as_bytes());
    if is("identity") {
        return Ok(Coding::None);
    }
    // RFC 9110, section 8.4.1.3: `x-gzip` is the same.
    if is("gzip") || is("x-gzip") {
        return Ok(Coding::Gzip);
    }
    Err(Refusal::new(
        RefusalCode::UnsupportedMediaType,
        "the gateway does not read this compression of a request body",
    )
    .expected("no Content-Encoding, or `gzip` alone", "another coding, or several")
    .hint(
        "turn request compression off in the client (Google's: `setDisableGZipContent(true)` in Java, \
             `GZipEnabled = false` in .NET), or let it use gzip",
    ))
}

/// Why a body cannot be inflated.
#[derive(Debug)]
pub(crate) enum InflateError {
    /// The body is cut off, damaged, or not gzip.
    NotGzip,
    /// More bytes follow the gzip data.
    More,
}

impl From<InflateError> for Refusal {
    fn from(broken: InflateError) -> Self {
        Self::ambiguous(match broken {
            InflateError::NotGzip => {
                "the Content-Encoding says gzip, but the body is not complete, undamaged gzip"
            }
            InflateError::More => {
                "more bytes follow the compressed body, which some servers read and others do not"
            }
        })
    }
}

/// The least memory that is taken for the output.
const STEP: usize = 64 * 1024;

/// Inflates a body. It calls `holds` with the new length before the text grows. If that is too much, `holds` fails.
pub(crate) fn inflate<E: From<InflateError>>(
    compressed: &[u8],
    mut holds: impl FnMut(usize) -> Result<(), E>,
) -> Result<Bytes, E> {
    let mut decoder = GzDecoder::new(compressed);
    let mut text = Vec::new();
    let mut piece = vec![0; STEP];
    loop {
        let read = decoder.read(&mut piece).map_err(|_| InflateError::NotGzip)?;
        if read == 0 {
            break;
        }
        holds(text.len() + read)?;
        text.extend_from_slice(piece.get(..read).unwrap_or_default());
    }
    if !decoder.into_inner().is_empty() {
        return Err(InflateError::More.into());
    }
    Ok(text.into())
}
