//! The body of an answer on its way to the agent.
//!
//! Ready text, or the upstream's stream: scrubbed of the credential, its URLs rewritten, unbuffered. A stream
//! ends when its pass does: expiry, revocation and the emergency stop are looked at with every piece, and at
//! least once a second while nothing comes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use datalog::{ConnectionName, VerifiedPass};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};

use crate::allowance::Short;
use crate::answer::JsonTreatment;
use crate::clock::Clock;
use crate::meter;
use crate::ports::Authority;
use crate::record::Sent;
use crate::refusal::RefusalCode;
use crate::scrub::{Found, Scrubber};

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What the agent is sent.
pub(crate) struct AnswerBody(Kind);

enum Kind {
    /// The text, and the record that ends with it.
    Ready {
        text: Option<Bytes>,
        sent: Option<Sent>,
    },
    Stream(Box<Stream>),
}

/// An upstream's body as it passes.
pub(crate) struct Stream {
    /// What was read of it already.
    ahead: Option<Bytes>,
    pub upstream: Incoming,
    pub scrubber: Scrubber,
    pub json: Option<JsonTreatment>,
    pub leave: Leave,
    pub sent: Sent,
    pub idle: Duration,
    /// The length that was announced, where the pieces cannot change it.
    pub length: Option<u64>,
    timing: Timing,
    /// A piece that waits until its bytes are taken from budgets.
    waiting: Option<Bytes>,
    state: StreamState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum StreamState {
    Flowing,
    /// The upstream's end was seen, and what was held back is still to go.
    Ended,
    /// Nothing comes after the piece that waits.
    Last,
    Done,
}

struct Timing {
    look: Pin<Box<Sleep>>,
    last_piece: Instant,
}

/// Whether an answer may still flow.
pub(crate) struct Leave {
    pub authority: Arc<dyn Authority>,
    pub clock: Arc<dyn Clock>,
    pub pass: Arc<VerifiedPass>,
    pub connection: ConnectionName,
}

impl Leave {
    pub(crate) fn holds(&self) -> Result<(), RefusalCode> {
        // To the second, like `verify`.
        if self.clock.now().unix_timestamp() > self.pass.expires().unix_timestamp() {
            return Err(RefusalCode::PassExpired);
        }
        let is_held = || self.authority.held(self.pass.lineage(), self.pass.task(), Some(&self.connection));
        let is_revoked = || self.pass.lineage().iter().any(|id| self.authority.is_revoked(id));
        if self.authority.is_stopped() || is_revoked() || is_held().is_some() {
            return Err(RefusalCode::PassRevoked);
        }
        Ok(())
    }
}

impl AnswerBody {
    pub(crate) fn ready(text: impl Into<Bytes>) -> Self {
        Self(Kind::Ready { text: Some(text.into()), sent: None })
    }

    /// A whole text that came from the upstream.
    pub(crate) fn sent(text: Bytes, sent: Sent) -> Self {
        Self(Kind::Ready { text: Some(text), sent: Some(sent) })
    }

    pub(crate) fn stream(stream: Stream) -> Self {
        Self(Kind::Stream(Box::new(stream)))
    }
}

impl Stream {
    pub(crate) fn new(
        upstream: Incoming,
        scrubber: Scrubber,
        json: Option<JsonTreatment>,
        leave: Leave,
        sent: Sent,
        idle: Duration,
    ) -> Self {
        let length = if json.is_none() { upstream.size_hint().exact() } else { None };
        let timing = Timing { look: Box::pin(sleep(LOOK_EVERY)), last_piece: Instant::now() };
        Self {
            ahead: None,
            upstream,
            scrubber,
            json,
            leave,
            sent,
            idle,
            length,
            timing,
            waiting: None,
            state: StreamState::Flowing,
        }
    }

    /// Begins with what was read of it already.
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
                Poll::Ready(Some(Err(_))) => {
                    return Poll::Ready(Some(Err(self.cut("upstream-unreachable", "the service went away"))));
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

    /// The record ends here.
    fn whole(&mut self) {
        self.state = StreamState::Done;
        self.sent.whole();
    }

    /// Looks whether the stream may go on, and arranges to be woken for the next look.
    fn look(&mut self, cx: &mut Context<'_>) -> Result<(), io::Error> {
        if let Err(ended) = self.leave.holds() {
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

    /// What was held back is the last piece.
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
        if self.scrubber.found() == Found::Credential {
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
            // An empty text still has a record to end, which is done when it is polled or dropped.
            Kind::Ready { text, sent } => sent.is_none() && text.as_ref().is_none_or(Bytes::is_empty),
            Kind::Stream(stream) => stream.state == StreamState::Done,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Ready { text, .. } => {
                SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64))
            }
            Kind::Stream(stream) => stream.length.map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}
