//! The body of a request, taken in: whole, bounded, in room that is taken before anything is kept.
//!
//! One byte past the bound is refused, never "not looked at". What the body says is `classify`'s to tell. How it came,
//! with a length or in chunks, is forgotten here: it goes on with a length of its own. What stands beside the size
//! of a chunk (RFC 9112, section 7.1.1) is ignored; trailers are refused.

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::config::Limits;
use crate::gateway::Gateway;
use crate::refusal::{Fault, Refusal, RefusalCode, Stop};
use crate::rooms::Room;

/// What is taken at least, where a body does not say how long it is.
const STEP: usize = 64 * 1024;

/// A body, and the room that it takes for as long as this lives.
pub(crate) struct Taken {
    pub bytes: Bytes,
    _room: Option<Room>,
}

/// Room that grows with what is held in it.
struct Growing<'a> {
    gateway: &'a Gateway,
    held: Option<Room>,
}

impl Growing<'_> {
    /// Makes it hold so many bytes; of many large bodies at once the last are turned away.
    fn holds(&mut self, bytes: usize) -> Result<(), Fault> {
        let held = self.held.as_ref().map_or(0, Room::bytes);
        if bytes <= held {
            return Ok(());
        }
        let more = self.gateway.rooms.for_body(bytes - held)?;
        match (&mut self.held, more) {
            (Some(held), Some(more)) => held.join(more),
            (held, more) => *held = more,
        }
        Ok(())
    }
}

/// The whole body, or why there is none.
pub(crate) async fn take_in<B>(body: &mut B, gateway: &Gateway) -> Result<Taken, Stop>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.is_end_stream() {
        return Ok(Taken { bytes: Bytes::new(), _room: None });
    }
    let limits = &gateway.config.limits;
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > limits.body {
        return Err(too_large(limits).into());
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
    Ok(Taken { bytes, _room: room.held })
}

async fn collect<B>(body: &mut B, room: &mut Growing<'_>) -> Result<Bytes, Stop>
where
    B: Body<Data = Bytes> + Unpin,
{
    let limits = &room.gateway.config.limits;
    let has_length = body.size_hint().exact().is_some();
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| broken(has_length))?;
        let Ok(data) = frame.into_data() else {
            return Err(Refusal::ambiguous("the request has trailers").into());
        };
        let length = first.len() + whole.len() + data.len();
        if length > limits.body {
            return Err(too_large(limits).into());
        }
        if !has_length {
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

fn broken(has_length: bool) -> Refusal {
    Refusal::ambiguous(match has_length {
        true => "the body ended before its declared length",
        false => "the chunks of the body cannot be read, or end before the last one",
    })
}

/// Lets go by what an agent still sends of a body that nobody will look at: most clients read an answer only after
/// they have sent everything. Nothing of it is kept, and whoever takes long is not waited for.
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

fn too_large(limits: &Limits) -> Refusal {
    Refusal::new(RefusalCode::BodyTooLarge, "the request body is larger than what is inspected")
        .expected(format!("at most {} bytes", limits.body), "more")
}
