//! The body of an answer on its way to the agent.
//!
//! It is ready text or the service's stream, unbuffered. The credential is masked and URLs are rewritten. A stream ends
//! with its pass: each piece checks the pass's end, revocations and stops, and so does a timer at least once a second
//! while nothing comes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use crate::answer::events::Events;
use crate::answer::permit::StreamPermit;
use crate::answer::treatment::JsonTreatment;
use crate::authority::allowance::Short;
use crate::filter::scrub::{Scrubbed, Scrubber};
use crate::meter;
use crate::record::Sent;
use crate::upstream::unpack::UnpackedBody;

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The body for the agent.
pub(crate) struct AnswerBody(Kind);

enum Kind {
    /// The text, and the record that ends with it.
    Ready {
        text: Option<Bytes>,
        sent: Option<Sent>,
    },
    Stream(Box<Stream>),
    Events(Box<Events>),
}

/// A service's body on its way.
pub(crate) struct Stream {
    /// The part of it that was already read.
    ahead: Option<Bytes>,
    pub upstream: UnpackedBody,
    pub scrubber: Scrubber,
    pub json: Option<JsonTreatment>,
    pub permit: StreamPermit,
    pub sent: Sent,
    pub idle: Duration,
    /// The announced length, if no later step can change it.
    pub length: Option<u64>,
    timing: Timing,
    /// A piece that waits until its bytes are taken from the budgets.
    waiting: Option<Bytes>,
    state: StreamState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum StreamState {
    Flowing,
    /// The service's stream has ended, but the bytes held back must still go.
    Ended,
    /// Nothing comes after the waiting piece.
    Last,
    Done,
}

struct Timing {
    look: Pin<Box<Sleep>>,
    last_piece: Instant,
}

impl AnswerBody {
    pub(crate) fn ready(text: impl Into<Bytes>) -> Self {
        Self(Kind::Ready { text: Some(text.into()), sent: None })
    }

    /// Returns the body for a whole text from the service. The record in `sent` ends with this body.
    pub(crate) fn sent(text: Bytes, sent: Sent) -> Self {
        Self(Kind::Ready { text: Some(text), sent: Some(sent) })
    }

    pub(crate) fn events(events: Events) -> Self {
        Self(Kind::Events(Box::new(events)))
    }

    pub(crate) fn stream(stream: Stream) -> Self {
        Self(Kind::Stream(Box::new(stream)))
    }
}

impl Stream {
    pub(crate) fn new(
        upstream: UnpackedBody,
        scrubber: Scrubber,
        json: Option<JsonTreatment>,
        permit: StreamPermit,
        sent: Sent,
        idle: Duration,
    ) -> Self {
        let length = if json.is_none() { upstream.length() } else { None };
        let timing = Timing { look: Box::pin(sleep(LOOK_EVERY)), last_piece: Instant::now() };
        Self {
            ahead: None,
            upstream,
            scrubber,
            json,
            permit,
            sent,
            idle,
            length,
            timing,
            waiting: None,
            state: StreamState::Flowing,
        }
    }

    /// Returns the stream with `ahead`, the part that was already read, at its beginning.
    pub(crate) fn after(mut self, ahead: Bytes) -> Self {
        self.ahead = Some(ahead).filter(|ahead| !ahead.is_empty());
        self
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(piece) = self.waiting.take() {
                return self.pass(cx, piece);
            }
            match self.state {
                StreamState::Done => return Poll::Ready(None),
                StreamState::Last => self.whole(),
                StreamState::Ended => self.finish(),
                StreamState::Flowing => {}
            }
            if self.state != StreamState::Flowing {
                continue;
            }
            if let Err(cut) = self.look(cx) {
                return Poll::Ready(Some(Err(cut)));
            }
            let polled = match self.ahead.take() {
                Some(ahead) => Poll::Ready(Some(Ok(Frame::data(ahead)))),
                None => Pin::new(&mut self.upstream).poll_frame(cx),
            };
            match polled {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => self.state = StreamState::Ended,
                Poll::Ready(Some(Err(cut))) => {
                    return Poll::Ready(Some(Err(self.cut("upstream-unreachable", cut.as_str()))));
                }
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers are dropped: no header passes that is not on the list.
                    let Ok(piece) = frame.into_data() else { continue };
                    self.timing.last_piece = Instant::now();
                    let piece = self.treat(piece);
                    if self.upstream.is_end_stream() {
                        self.state = StreamState::Ended;
                    }
                    self.waiting = Some(piece).filter(|piece| !piece.is_empty());
                }
            }
        }
    }

    /// Hands a piece on once its bytes are taken from the budgets that count them.
    fn pass(&mut self, cx: &mut Context<'_>, piece: Bytes) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.sent.poll_take(cx, piece.len()) {
            Poll::Pending => {
                self.waiting = Some(piece);
                Poll::Pending
            }
            Poll::Ready(Err(Short)) => {
                Poll::Ready(Some(Err(self.cut("budget-exhausted", "a budget of bytes is used up"))))
            }
            Poll::Ready(Ok(())) => {
                self.sent.count(piece.len());
                if self.state == StreamState::Last {
                    self.whole();
                }
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
        }
    }

    /// Ends the stream and its record.
    fn whole(&mut self) {
        self.state = StreamState::Done;
        self.sent.whole();
    }

    /// Checks whether the stream may continue, and arranges to be woken for the next check.
    fn look(&mut self, cx: &mut Context<'_>) -> Result<(), io::Error> {
        if let Err(ended) = self.permit.holds() {
            return Err(self.cut(ended.as_str(), "the pass ended while the answer was on its way"));
        }
        while self.timing.look.as_mut().poll(cx).is_ready() {
            if self.timing.last_piece.elapsed() > self.idle {
                return Err(self.cut("upstream-timeout", "the service stopped in the middle of its answer"));
            }
            self.timing.look.as_mut().reset(Instant::now() + LOOK_EVERY);
        }
        Ok(())
    }

    fn cut(&mut self, code: &'static str, why: &'static str) -> io::Error {
        self.state = StreamState::Done;
        self.sent.failed(code);
        tracing::info!(code, "an answer was cut off");
        io::Error::other(why)
    }

    fn treat(&mut self, piece: Bytes) -> Bytes {
        let piece = self.scrubber.push(piece);
        match &mut self.json {
            Some(json) => json.push(piece),
            None => piece,
        }
    }

    /// Makes the bytes held back the last piece.
    fn finish(&mut self) {
        self.state = StreamState::Last;
        let held = self.scrubber.finish();
        let rest = match &mut self.json {
            Some(json) => {
                let mut rest = json.push(held).to_vec();
                rest.extend_from_slice(&json.finish());
                Bytes::from(rest)
            }
            None => held,
        };
        if self.scrubber.found() == Scrubbed::Credential {
            meter::credential_withheld();
            tracing::warn!("an answer held the credential, which was masked");
        }
        self.waiting = Some(rest).filter(|rest| !rest.is_empty());
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut self.0 {
            Kind::Stream(stream) => stream.poll(cx),
            Kind::Events(events) => events.poll(cx),
            Kind::Ready { text, sent } => {
                let text = text.take().filter(|text| !text.is_empty());
                if let Some(mut sent) = sent.take() {
                    sent.count(text.as_ref().map_or(0, Bytes::len));
                    sent.whole();
                }
                Poll::Ready(text.map(|text| Ok(Frame::data(text))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            // An empty text still has a record to end. The record ends when this body is polled or dropped.
            Kind::Ready { text, sent } => sent.is_none() && text.as_ref().is_none_or(Bytes::is_empty),
            Kind::Stream(stream) => stream.state == StreamState::Done,
            Kind::Events(events) => events.has_ended(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Ready { text, .. } => {
                SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64))
            }
            Kind::Stream(stream) => stream.length.map_or_else(SizeHint::default, SizeHint::with_exact),
            Kind::Events(_) => SizeHint::default(),
        }
    }
}
