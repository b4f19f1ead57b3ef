//! Review: an answer that the pass asks something of is read whole before anything of it is passed on.
//!
//! What the pass does not show is taken out of it, or the answer is refused; the ids that are left are kept for the
//! lineage. What is asked the pass says (`datalog::response`); here are only the bytes, and their bound.

use bytes::{Bytes, BytesMut};
use datalog::json::Json;
use datalog::response::{Review, Reviewed, Unfit};
use http::{Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::answer::unusable;
use crate::body::Leave;
use crate::config::Limits;
use crate::forward::Departure;
use crate::provenance;
use crate::refusal::{Refusal, Stop};

/// The largest answer that is read whole.
const MAX_REVIEWED: usize = 8 * 1024 * 1024;

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

/// Reviews the answer where the pass asks anything of it.
pub(crate) async fn review(
    arrival: Response<Incoming>,
    content: Content,
    departure: &Departure,
    leave: &Leave,
    limits: &Limits,
) -> Result<Looked, Stop> {
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
    apply(review, text, departure, leave, limits).await.map(Looked::Whole)
}

async fn apply(
    review: &Review,
    text: Bytes,
    departure: &Departure,
    leave: &Leave,
    limits: &Limits,
) -> Result<Bytes, Stop> {
    let json = match Json::parse(&text) {
        Ok(json) => json,
        Err(_) if !review.judges() => return Ok(text),
        Err(error) => return Err(refused(departure, review.unreadable(&error.to_string()))),
    };
    let request = departure.permitted().request();
    let reviewed = review.apply(request, json).map_err(|unfit| refused(departure, unfit))?;
    let Reviewed { answer, withheld, changed, revealed } = reviewed;
    if withheld > 0 {
        tracing::debug!(operation = %request.operation.id, withheld, "items were withheld");
    }
    provenance::remember(leave.authority.as_ref(), limits, &leave.pass, &request.connection, revealed).await;
    Ok(if changed { answer.to_text().into() } else { text })
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
