//! Reads the body of a request, whole and within a limit. It takes memory before it keeps anything.
//!
//! One byte over the limit is refused, and the limit counts the inflated bytes of a gzip body. A body may come with a
//! length or in chunks; it goes on with a length of its own. `classify` tells what the body is. Extensions of a chunk's
//! size (RFC 9112, section 7.1.1) are ignored; trailers are refused.

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::config::Limits;
use crate::filter::inflate::{Coding, InflateError, inflate};
use crate::gateway::Gateway;
use crate::memory::MemoryShare;
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Fault, Refusal};
use crate::steps::arrived::{Contents, too_large};

/// The least memory that is taken for a body without a length.
const STEP: usize = 64 * 1024;

/// How a body says where it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Framed {
    ByLength,
    InChunks,
}

/// Memory that grows with its content.
struct Growing<'a> {
    gateway: &'a Gateway,
    held: Option<MemoryShare>,
}

impl Growing<'_> {
    /// Makes room for this many bytes. If many large bodies come at once, the last are turned away.
    fn holds(&mut self, bytes: usize) -> Result<(), Fault> {
        let held = self.held.as_ref().map_or(0, MemoryShare::bytes);
        if bytes <= held {
            return Ok(());
        }
        let more = self.gateway.memory.for_body(bytes - held)?;
        match (&mut self.held, more) {
            (Some(held), Some(more)) => held.join(more),
            (held, more) => *held = more,
        }
        Ok(())
    }
}

/// Reads the whole body, or returns why there is none.
pub(crate) async fn take_in<B>(
    body: &mut B,
    coding: Coding,
    gateway: &Gateway,
) -> Result<Contents, Unanswered>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.is_end_stream() {
        return Ok(Contents::within(None, Bytes::new()));
    }
    let limits = &gateway.config.limits;
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > limits.body {
        return Err(too_large(limits.body).into());
    }
    let mut room = Growing { gateway, held: None };
    room.holds(declared)?;
    let bytes = match timeout(limits.body_read, collect(body, &mut room)).await {
        Ok(read) => read?,
        Err(_) => {
            let within = limits.body_read.as_secs();
            return Err(Refusal::ambiguous(format!("the body did not arrive within {within} seconds")).into());
        }
    };
    let bytes = match coding {
        Coding::None => bytes,
        Coding::Gzip => inflated(&bytes, &mut room)?,
    };
    Ok(Contents::within(room.held, bytes))
}

/// Returns the text of a gzip body. The text has the body's limit, and takes memory beside the body while it grows.
fn inflated(compressed: &[u8], room: &mut Growing<'_>) -> Result<Bytes, Unanswered> {
    let limits = &room.gateway.config.limits;
    inflate(compressed, |length| {
        if length > limits.body {
            return Err(too_large(limits.body).into());
        }
        Ok(room.holds(compressed.len() + length.next_multiple_of(STEP).min(limits.body))?)
    })
}

impl From<InflateError> for Unanswered {
    fn from(broken: InflateError) -> Self {
        Refusal::from(broken).into()
    }
}

async fn collect<B>(body: &mut B, room: &mut Growing<'_>) -> Result<Bytes, Unanswered>
where
    B: Body<Data = Bytes> + Unpin,
{
    let limits = &room.gateway.config.limits;
    let framed = if body.size_hint().exact().is_some() { Framed::ByLength } else { Framed::InChunks };
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| broken(framed))?;
        let Ok(data) = frame.into_data() else {
            return Err(Refusal::ambiguous("the request has trailers")
                .expected("nothing after the last chunk", "header lines")
                .hint("send what they say in the head of the request, or leave it out")
                .into());
        };
        let length = first.len() + whole.len() + data.len();
        if length > limits.body {
            return Err(too_large(limits.body).into());
        }
        if framed == Framed::InChunks {
            room.holds(length.next_multiple_of(STEP).min(limits.body))?;
        }
        if first.is_empty() && whole.is_empty() {
            // Most bodies come in one piece, which is kept as it is.
            first = data;
            continue;
        }
        whole.extend_from_slice(&std::mem::take(&mut first));
        whole.extend_from_slice(&data);
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

fn broken(framed: Framed) -> Refusal {
    Refusal::ambiguous(match framed {
        Framed::ByLength => "the body ended before its declared length",
        Framed::InChunks => "the chunks of the body cannot be read, or end before the last one",
    })
}

/// Drops the bytes of a body that nobody reads, because most clients read an answer only after they have sent
/// everything. It keeps nothing, and does not wait for a slow agent.
pub(crate) async fn discard<B>(mut body: B, limits: &Limits)
where
    B: Body<Data = Bytes> + Unpin,
{
    let drained = async {
        let mut passed = 0;
        while let Some(Ok(frame)) = body.frame().await {
            passed += frame.data_ref().map_or(0, Bytes::len);
            if passed > limits.body {
                break;
            }
        }
    };
    if timeout(limits.discard, drained).await.is_err() {
        tracing::debug!("a refused request was still being sent");
    }
}
