//! The body of a service's answer, whose beginning may have been read already.
//!
//! Some services say in a body what others say by a status. So this reads such a short answer whole, and puts it back
//! in front of the rest. Nothing is decided here.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::timeout;

/// What is left of an answer.
pub(crate) struct Inbound {
    ahead: Option<Bytes>,
    rest: Rest,
}

enum Rest {
    More(Incoming),
    Ended,
    Broken,
}

/// The service went away.
#[derive(Debug, thiserror::Error)]
#[error("the service went away in the middle of its answer")]
pub(crate) struct Broken;

impl From<Incoming> for Inbound {
    fn from(rest: Incoming) -> Self {
        Self { ahead: None, rest: Rest::More(rest) }
    }
}

impl Inbound {
    /// Returns the whole answer if it has at most this many bytes; none if it is longer, or stops.
    pub(crate) async fn peek(&mut self, most: usize, patience: Duration) -> Option<Bytes> {
        let Rest::More(body) = &mut self.rest else { return self.ahead.clone() };
        if body.size_hint().lower() > most as u64 {
            return None;
        }
        let mut seen = BytesMut::new();
        let ended = loop {
            match timeout(patience, body.frame()).await {
                Err(_) => break None,
                Ok(None) => break Some(Rest::Ended),
                Ok(Some(Err(_))) => break Some(Rest::Broken),
                Ok(Some(Ok(frame))) => {
                    seen.extend_from_slice(&frame.into_data().unwrap_or_default());
                    if seen.len() > most {
                        break None;
                    }
                }
            }
        };
        let is_whole = matches!(ended, Some(Rest::Ended));
        if let Some(ended) = ended {
            self.rest = ended;
        }
        let seen = seen.freeze();
        self.ahead = Some(seen.clone()).filter(|seen| !seen.is_empty());
        is_whole.then_some(seen)
    }
}

impl Inbound {
    /// Whether the answer is known to be incomplete.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.rest, Rest::Broken)
    }
}

impl Body for Inbound {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(ahead) = self.ahead.take() {
            return Poll::Ready(Some(Ok(Frame::data(ahead))));
        }
        match &mut self.rest {
            Rest::More(body) => {
                Pin::new(body).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(|_| Broken)))
            }
            Rest::Ended => Poll::Ready(None),
            Rest::Broken => Poll::Ready(Some(Err(Broken))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_none()
            && match &self.rest {
                Rest::More(body) => body.is_end_stream(),
                Rest::Ended => true,
                Rest::Broken => false,
            }
    }

    fn size_hint(&self) -> SizeHint {
        let rest = match &self.rest {
            Rest::More(body) => body.size_hint(),
            Rest::Ended => SizeHint::with_exact(0),
            Rest::Broken => SizeHint::default(),
        };
        let ahead = self.ahead.as_ref().map_or(0, |ahead| ahead.len() as u64);
        let mut hint = SizeHint::default();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(ahead));
        }
        hint.set_lower(rest.lower().saturating_add(ahead));
        hint
    }
}
