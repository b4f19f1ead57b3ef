//! Unpacks the body of an answer that came in gzip.
//!
//! The gateway asks for gzip if it will read the answer anyway, and passes the answer on plain. The size of the input
//! limits the output: an answer of a megabyte or more that is packed more tightly than any service packs is a bomb.
//! This file knows no other coding, and does not search the output.
//!
//! - Invariant: A packed answer is unpacked within a limit, or refused
//!   (`what_is_no_gzip_cut_off_or_a_bomb_is_not_passed_on`, `a_bomb_is_told_before_it_fills_memory`,
//!   `parts_and_contents_of_files_are_asked_for_as_they_are`).

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use flate2::write::GzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body::{Body, Frame, SizeHint};

use crate::upstream::inbound::Inbound;

/// This many bytes are always unpacked, however tightly they were packed.
const FREE: u64 = 1024 * 1024;
/// After that, one packed byte may give this many. Repetitive JSON reaches fifty; deflate can reach a thousand.
const TIGHTEST: u64 = 250;
/// How many packed bytes are unpacked at a time. They may become a thousand times as many.
const STEP: usize = 128;
/// How much is handed on at a time.
const PIECE: usize = 64 * 1024;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Identity,
    Gzip,
    /// In a way that the gateway did not ask for.
    Unknown,
}

impl Packing {
    /// Returns the packing that the head states.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut codings = headers.get_all(CONTENT_ENCODING).into_iter();
        match (codings.next(), codings.next()) {
            (None, _) => Self::Identity,
            (Some(one), None) => {
                let is = |name: &str| one.as_bytes().eq_ignore_ascii_case(name.as_bytes());
                // RFC 9110, section 8.4.1.3: `x-gzip` is the same.
                match () {
                    () if is("identity") => Self::Identity,
                    () if is("gzip") || is("x-gzip") => Self::Gzip,
                    () => Self::Unknown,
                }
            }
            (Some(_), Some(_)) => Self::Unknown,
        }
    }
}

/// Why a body ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.as_str())]
pub(crate) enum Cut {
    Gone,
    NotGzip,
    Bomb,
}

impl Cut {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "the service went away in the middle of its answer",
            Self::NotGzip => "the service's answer says that it is gzip, but is not complete gzip",
            Self::Bomb => "the service's answer is packed so tightly that it could fill the memory",
        }
    }
}

/// Unpacks a short, complete body; none if that fails.
pub(crate) fn whole(coding: Packing, body: Bytes) -> Option<Bytes> {
    let mut packed = match coding {
        Packing::Identity => return Some(body),
        Packing::Gzip => Packed { waiting: body, ..Packed::default() },
        Packing::Unknown => return None,
    };
    let mut text = Vec::new();
    while let Some(piece) = packed.next().ok()? {
        text.extend_from_slice(&piece);
    }
    text.extend_from_slice(&packed.finish().ok()?.unwrap_or_default());
    Some(text.into())
}

/// The unpacked body of an answer.
pub(crate) struct UnpackedBody {
    body: Inbound,
    packed: Option<Box<Packed>>,
}

struct Packed {
    decoder: GzDecoder<Vec<u8>>,
    /// Bytes that came in and are still packed.
    waiting: Bytes,
    came: u64,
    left: u64,
    ended: bool,
}

impl UnpackedBody {
    /// Returns the body, to be unpacked; none if it is packed in a way that nobody asked for.
    pub(crate) fn of(coding: Packing, body: Inbound) -> Option<Self> {
        let packed = match coding {
            Packing::Identity => None,
            Packing::Gzip => Some(Box::default()),
            Packing::Unknown => return None,
        };
        Some(Self { body, packed })
    }

    pub(crate) fn is_packed(&self) -> bool {
        self.packed.is_some()
    }

    /// Returns the length, if it is known before reading.
    pub(crate) fn length(&self) -> Option<u64> {
        if self.packed.is_some() { None } else { self.body.size_hint().exact() }
    }

    /// Returns the length as it arrives, still packed, if it is known.
    pub(crate) fn arrives(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }
}

impl Default for Packed {
    fn default() -> Self {
        Self { decoder: GzDecoder::new(Vec::new()), waiting: Bytes::new(), came: 0, left: 0, ended: false }
    }
}

impl Packed {
    /// Unpacks waiting bytes until there is one piece to hand on. Returns none if there is nothing to hand on.
    fn next(&mut self) -> Result<Option<Bytes>, Cut> {
        while !self.waiting.is_empty() && self.decoder.get_ref().len() < PIECE {
            let step = self.waiting.split_to(self.waiting.len().min(STEP));
            self.came += step.len() as u64;
            // Bytes behind the end do not belong to the answer.
            self.decoder.write_all(&step).map_err(|_| Cut::NotGzip)?;
            let so_far = self.left + self.decoder.get_ref().len() as u64;
            if so_far > FREE && so_far / TIGHTEST > self.came {
                return Err(Cut::Bomb);
            }
        }
        Ok(self.taken())
    }

    /// Unpacks the rest, at the end.
    fn finish(&mut self) -> Result<Option<Bytes>, Cut> {
        self.ended = true;
        // An answer without a body has no gzip head.
        if self.came > 0 {
            self.decoder.try_finish().map_err(|_| Cut::NotGzip)?;
        }
        Ok(self.taken())
    }

    fn taken(&mut self) -> Option<Bytes> {
        let piece = std::mem::take(self.decoder.get_mut());
        self.left += piece.len() as u64;
        (!piece.is_empty()).then(|| Bytes::from(piece))
    }
}

impl Body for UnpackedBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let Self { body, packed } = &mut *self;
        let Some(packed) = packed else {
            return Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(|_| Cut::Gone)));
        };
        loop {
            match packed.next() {
                Ok(None) => {}
                Ok(Some(piece)) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                Err(cut) => return Poll::Ready(Some(Err(cut))),
            }
            if packed.ended {
                return Poll::Ready(None);
            }
            match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(Cut::Gone))),
                // Trailers are dropped: no header passes that is not on the list.
                Poll::Ready(Some(Ok(frame))) => packed.waiting = frame.into_data().unwrap_or_default(),
                Poll::Ready(None) => {
                    return match packed.finish() {
                        Ok(Some(piece)) => Poll::Ready(Some(Ok(Frame::data(piece)))),
                        Ok(None) => Poll::Ready(None),
                        Err(cut) => Poll::Ready(Some(Err(cut))),
                    };
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.packed {
            None => self.body.is_end_stream(),
            Some(packed) => packed.ended && packed.waiting.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self.packed {
            None => self.body.size_hint(),
            Some(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(pieces: &[&[u8]]) -> Result<Vec<u8>, Cut> {
        let (mut packed, mut out) = (Packed::default(), Vec::new());
        for piece in pieces {
            packed.waiting = Bytes::copy_from_slice(piece);
            while let Some(piece) = packed.next()? {
                out.extend_from_slice(&piece);
            }
        }
        out.extend_from_slice(&packed.finish()?.unwrap_or_default());
        Ok(out)
    }

    #[test]
    fn what_was_packed_comes_out_wherever_it_is_cut() {
        let text = br#"{"a":"some text, some text, some text","b":[1,2,3]}"#.repeat(20);
        let gzip = packed(&text);
        for cut in 0..gzip.len() {
            let (a, b) = gzip.split_at(cut);
            assert_eq!(unpacked(&[a, b]).unwrap(), text, "cut at {cut}");
        }
        assert_eq!(unpacked(&[]).unwrap(), b"");
    }

    #[test]
    fn what_is_cut_off_damaged_or_no_gzip_is_told() {
        let gzip = packed(&b"text ".repeat(100));
        for short in 1..gzip.len() {
            assert_eq!(unpacked(&[&gzip[..short]]), Err(Cut::NotGzip), "{short} bytes");
        }
        let mut damaged = gzip.clone();
        let last = damaged.len() - 6;
        damaged[last] ^= 1;
        assert_eq!(unpacked(&[&damaged]), Err(Cut::NotGzip));
        assert_eq!(unpacked(&[b"{\"plain\":true}"]), Err(Cut::NotGzip));
    }

    #[test]
    fn a_bomb_is_told_before_it_fills_memory() {
        let gzip = packed(&vec![b' '; 64 << 20]);
        let mut packed = Packed { waiting: gzip.clone().into(), ..Packed::default() };
        let (mut out, mut told) = (0, None);
        while told.is_none() {
            match packed.next() {
                Ok(Some(piece)) => out += piece.len(),
                Ok(None) => panic!("it is unpacked whole"),
                Err(cut) => told = Some(cut),
            }
        }
        assert_eq!(told, Some(Cut::Bomb));
        assert!(out < 3 << 20, "{out} bytes came out");
        // Small answers may be packed as tightly as they like.
        assert_eq!(unpacked(&[&self::packed(&vec![b' '; 1 << 19])]).unwrap().len(), 1 << 19);
    }

    #[test]
    fn a_short_body_is_unpacked_whole_or_not_at_all() {
        let gzip = packed(b"{\"ok\":false}");
        let whole = |coding, body: &[u8]| whole(coding, Bytes::copy_from_slice(body));
        assert_eq!(whole(Packing::Gzip, &gzip).unwrap(), "{\"ok\":false}");
        assert_eq!(whole(Packing::Identity, b"{}").unwrap(), "{}");
        assert_eq!(whole(Packing::Gzip, &gzip[..gzip.len() - 1]), None);
        assert_eq!(whole(Packing::Unknown, &gzip), None);
    }

    #[test]
    fn a_coding_that_was_not_asked_for_is_unknown() {
        let coding = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_ENCODING, value.parse().unwrap());
            }
            Packing::of(&headers)
        };
        assert_eq!(coding(&[]), Packing::Identity);
        assert_eq!(coding(&["Identity"]), Packing::Identity);
        for gzip in ["gzip", "GZIP", "x-gzip"] {
            assert_eq!(coding(&[gzip]), Packing::Gzip);
        }
        for other in [
            &["br"][..],
            &["deflate"],
            &["zstd"],
            &["gzip, gzip"],
            &["gzip", "gzip"],
            &["gzip, identity"],
            &[""],
        ] {
            assert_eq!(coding(other), Packing::Unknown, "{other:?}");
        }
    }
}
