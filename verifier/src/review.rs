//! Review: an answer that the pass asks something of is read whole before anything of it is passed on.
//!
//! What the pass does not show is taken out of it, or the answer is refused; the ids that are left are kept for the
//! lineage. What is asked the pass says (`datalog::response`); here are only the bytes, and their bound.

use bytes::{Bytes, BytesMut};
use datalog::json::Json;
use datalog::response::{Revealed, Review, Reviewed, Unfit};
use http::{Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::answer::{Shows, unusable};
use crate::body::Leave;
use crate::config::Limits;
use crate::forward::Departure;
use crate::provenance;
use crate::refusal::{Refusal, Stop};
use crate::rooms::{MAX_REVIEWED, Room};

/// A body after its review.
pub(crate) enum Looked {
    /// Read and judged.
    Whole(Bytes),
    /// Nothing is asked of it: it is passed on as it comes, after what was read already.
    Onward { ahead: Bytes, body: Incoming },
}

/// What an answer's head says of the body that follows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Json,
    Other,
}

/// What an answer is reviewed with.
pub(crate) struct Reviewer<'a> {
    pub departure: &'a Departure,
    pub leave: &'a Leave,
    pub limits: &'a Limits,
    pub shows: Shows,
}

/// Reviews the answer where the pass asks anything of it. Of the room for it there is left what it needs.
pub(crate) async fn review(
    arrival: Response<Incoming>,
    content: Content,
    reviewer: &Reviewer<'_>,
    room: &mut Option<Room>,
) -> Result<Looked, Stop> {
    let Reviewer { departure, limits, .. } = *reviewer;
    let (status, body) = (arrival.status(), arrival.into_body());
    let onward = |ahead, body| Ok(Looked::Onward { ahead, body });
    let Some(review) = departure.permitted().review() else { return onward(Bytes::new(), body) };
    // What did not succeed shows no item, and neither does an answer without a body.
    if !status.is_success() || body.size_hint().exact() == Some(0) {
        return onward(Bytes::new(), body);
    }
    if content == Content::Other || status == StatusCode::PARTIAL_CONTENT {
        return match review.judges() {
            true => Err(refused(departure, review.unreadable("an answer that is not whole, or not JSON"))),
            false => onward(Bytes::new(), body),
        };
    }
    if let (Some(room), Some(length)) = (&mut *room, body.size_hint().exact()) {
        room.shrink_to(usize::try_from(length).unwrap_or(usize::MAX));
    }
    let (text, rest) = read(body, limits).await?;
    if let Some(body) = rest {
        let got = format!("one of more than {} MiB: ask for less at a time", MAX_REVIEWED >> 20);
        return if review.judges() {
            Err(refused(departure, review.unreadable(&got)))
        } else {
            onward(text, body)
        };
    }
    if text.is_empty() {
        return Ok(Looked::Whole(text));
    }
    let Judged { text, revealed } = judged(review, text, departure)?;
    // A head shows no id of the body that it is without.
    if reviewer.shows == Shows::Everything {
        let Leave { authority, pass, connection, .. } = reviewer.leave;
        provenance::remember(authority.as_ref(), limits, pass, connection, revealed).await;
    }
    Ok(Looked::Whole(text))
}

/// What is left of an answer, and the ids in it.
struct Judged {
    text: Bytes,
    revealed: Revealed,
}

/// Waits for nothing: of the answers that are held, as many are taken apart at one time as there are threads.
fn judged(review: &Review, text: Bytes, departure: &Departure) -> Result<Judged, Stop> {
    let json = match Json::parse(&text) {
        Ok(json) => json,
        Err(_) if !review.judges() => return Ok(Judged { text, revealed: Revealed::default() }),
        Err(error) => return Err(refused(departure, review.unreadable(&error.to_string()))),
    };
    let request = departure.permitted().request();
    let reviewed = review.apply(request, json).map_err(|unfit| refused(departure, unfit))?;
    let Reviewed { answer, withheld, changed, revealed } = reviewed;
    if withheld > 0 {
        tracing::debug!(operation = %request.operation.id, withheld, "items were withheld");
    }
    Ok(Judged { text: if changed { answer.to_text().into() } else { text }, revealed })
}

/// The whole body; or what was read of one that is too large, and the rest of it.
async fn read(mut body: Incoming, limits: &Limits) -> Result<(Bytes, Option<Incoming>), Stop> {
    let too_large = |body: &Incoming| body.size_hint().lower() > MAX_REVIEWED as u64;
    let mut text = BytesMut::new();
    if too_large(&body) {
        return Ok((Bytes::new(), Some(body)));
    }
    loop {
        let frame = timeout(limits.idle, body.frame()).await;
        let Ok(frame) = frame else {
            return Err(unusable("the service stopped in the middle of its answer").into());
        };
        let Some(frame) = frame else { return Ok((text.freeze(), None)) };
        let Ok(frame) = frame else {
            return Err(unusable("the service went away in the middle of its answer").into());
        };
        let Ok(data) = frame.into_data() else { continue };
        text.extend_from_slice(&data);
        if text.len() > MAX_REVIEWED {
            return Ok((text.freeze(), Some(body)));
        }
    }
}

fn refused(departure: &Departure, unfit: Unfit) -> Stop {
    let operation = &departure.permitted().request().operation.id;
    Refusal::of_answer(operation, unfit).into()
}
