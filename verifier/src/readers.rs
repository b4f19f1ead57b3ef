//! The gateway's readers of bytes, as plain functions, so that `tests/fuzz` can feed them any bytes.
//!
//! They are the real readers, called as the gateway calls them, without a socket. The gateway calls nothing here, and
//! nothing here decides.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use http::Version;
use http::request::Parts;
use secrecy::SecretString;

use crate::answer::treatment::JsonTreatment;
use crate::filter::rewrite::Origins;
use crate::filter::scrub::{Needles, Scrubber};
use crate::half_open::Line;
use crate::heads::{Given, Heads};
use crate::upstream::unpack;

/// The most headers that the readers here take.
const HEADERS: usize = 100;
/// The largest head.
const LARGEST: usize = 64 * 1024;
/// As much as hyper asks for at a time, in small pieces.
const ROOM: usize = 61;

/// The result of the two readers of heads for one connection's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// The bytes that hyper got, in order.
    pub given: Vec<u8>,
    /// The place of each request's head in `given`.
    pub heads: Vec<Range<usize>>,
    /// Why nothing after those bytes is read.
    pub flaw: Option<String>,
    /// Bytes that hyper got as a head but could not read as one.
    pub unread: Vec<u8>,
}

/// Reads these pieces of a connection, and each request as soon as it is complete.
pub fn heads<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let line = Line::new(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let (heads, mut read) = (Heads::new(line, (LARGEST, HEADERS)), Read::default());
    for piece in pieces {
        let parsed = heads.came(piece);
        read.takes(&heads, piece.get(..parsed).unwrap_or_default());
        while read.flaw.is_none() {
            let mut more = Vec::new();
            if heads.give(ROOM, |some| more.extend_from_slice(some)) != Given::Some {
                break;
            }
            read.takes(&heads, &more);
        }
    }
    read
}

impl Read {
    /// Takes the given bytes like hyper: a head if one is expected, and otherwise a body.
    fn takes(&mut self, heads: &Heads, some: &[u8]) {
        self.unread.extend_from_slice(some);
        if heads.expects_a_request() {
            let Some((mut parts, length)) = parsed(&self.unread) else { return };
            if let Err(flaw) = heads.begins(&mut parts) {
                self.flaw = Some(flaw.refusal().detail.to_string());
                self.unread.clear();
                return;
            }
            self.heads.push(self.given.len()..self.given.len() + length);
        }
        self.given.append(&mut self.unread);
    }
}

/// Returns the request that hyper's own reader sees at the beginning of these bytes.
fn parsed(bytes: &[u8]) -> Option<(Parts, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = parsed.parse(bytes).ok()? else { return None };
    let mut request = http::Request::builder().method(parsed.method?).uri(parsed.path?);
    for header in parsed.headers.iter() {
        request = request.header(header.name, header.value);
    }
    let version = if parsed.version == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 };
    Some((request.version(version).body(()).ok()?.into_parts().0, length))
}

/// Returns an agent's view of a JSON answer that comes in these pieces: without the credential, without the fields
/// named `masked`, and with the URLs that begin with `origin` led to `base`.
pub fn json_answer<'a>(
    token: &str,
    masked: &[String],
    (origin, base): (&str, &str),
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<u8> {
    let mut scrubber = Scrubber::new(Arc::new(Needles::of(&SecretString::from(token))));
    let mut json = JsonTreatment::new(masked, Origins::new(vec![origin.to_owned()], base));
    let mut out = Vec::new();
    for piece in pieces {
        out.extend_from_slice(&json.push(scrubber.push(Bytes::copy_from_slice(piece))));
    }
    out.extend_from_slice(&json.push(scrubber.finish()));
    out.extend_from_slice(&json.finish());
    out
}

/// Returns the content of a gzip answer; none if it is damaged, cut, or packed too tightly.
pub fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    unpack::whole(unpack::Packing::Gzip, Bytes::copy_from_slice(packed)).map(|text| text.to_vec())
}
