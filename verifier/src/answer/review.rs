//! Review: if the pass limits answers, the whole answer is read before any of it is passed on.
//!
//! Parts that the pass hides are taken out, or the answer is refused. The remaining ids are kept for the lineage. The
//! pass sets the conditions (`datalog::response`); this handles only the bytes and their limit.
//!
//! - Invariant: If the pass limits answers, the whole answer is judged before the agent gets any of it. An answer that
//!   cannot be judged is refused (`an_answer_that_does_not_say_when_it_is_from_is_not_passed_on`,
//!   `a_part_another_coding_or_another_type_is_not_passed_on`,
//!   `an_operation_whose_answers_nobody_can_judge_is_refused_before_it_is_sent`).

use bytes::{Bytes, BytesMut};
use datalog::json::Json;
use datalog::response::{Revealed, Review, Reviewed, Unfit};
use http::StatusCode;
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::answer::permit::StreamPermit;
use crate::answer::treatment::{Shows, broken_off, cut};
use crate::config::Limits;
use crate::memory::{MAX_REVIEWED, MemoryShare};
use crate::ports::CarriedOut;
use crate::refusal::Refusal;
use crate::refusal::unanswered::Unanswered;
use crate::upstream::forward::Departure;
use crate::upstream::unpack::UnpackedBody;

/// A body after its review.
pub(crate) enum Looked {
    /// Read and judged.
    Whole(Bytes),
    /// The pass puts no condition on it: it is passed on as it comes, after the bytes that were already read.
    Onward { ahead: Bytes, body: UnpackedBody },
}

/// Whether the body is the API's own JSON. The request and the answer's head tell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Json,
    Other,
}

/// The tools of a review.
pub(crate) struct Reviewer<'a> {
    pub departure: &'a Departure,
    pub permit: &'a StreamPermit,
    pub limits: &'a Limits,
    pub shows: Shows,
}

/// Reviews the answer if the pass puts conditions on it. Gives back the memory that the answer does not need.
pub(crate) async fn review(
    status: StatusCode,
    body: UnpackedBody,
    content: Content,
    reviewer: &Reviewer<'_>,
    room: &mut Option<MemoryShare>,
) -> Result<Looked, Unanswered> {
    let Reviewer { departure, limits, .. } = *reviewer;
    let onward = |ahead, body| Ok(Looked::Onward { ahead, body });
    let Some(review) = departure.permitted().review() else { return onward(Bytes::new(), body) };
    // A failed answer shows no items. An answer without a body shows none either.
    if !status.is_success() || body.arrives() == Some(0) {
        return onward(Bytes::new(), body);
    }
    if content == Content::Other || status == StatusCode::PARTIAL_CONTENT {
        return match review.judges() {
            true => Err(refused(departure, review.unreadable("an answer that is incomplete, or not JSON"))),
            false => onward(Bytes::new(), body),
        };
    }
    if let (Some(room), Some(length)) = (&mut *room, body.length()) {
        room.shrink_to(usize::try_from(length).unwrap_or(usize::MAX));
    }
    let (text, rest) = read(status, body, limits).await?;
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
    // The answer to a HEAD has no body, so it shows no ids.
    if reviewer.shows == Shows::Everything {
        let StreamPermit { in_time, pass, connection, .. } = reviewer.permit;
        in_time.remember(pass, connection, revealed).await;
    }
    Ok(Looked::Whole(text))
}

/// The part of an answer that the pass shows, and the ids in it.
struct Judged {
    text: Bytes,
    revealed: Revealed,
}

/// Judges a whole answer. It never waits, so each thread parses at most one held answer at a time.
fn judged(review: &Review, text: Bytes, departure: &Departure) -> Result<Judged, Unanswered> {
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

/// Reads the whole body. If it is too large, returns the part that was read, and the rest of the body.
async fn read(
    status: StatusCode,
    mut body: UnpackedBody,
    limits: &Limits,
) -> Result<(Bytes, Option<UnpackedBody>), Unanswered> {
    let too_large = |body: &UnpackedBody| body.size_hint().lower() > MAX_REVIEWED as u64;
    let mut text = BytesMut::new();
    if too_large(&body) {
        return Ok((Bytes::new(), Some(body)));
    }
    loop {
        let frame = timeout(limits.idle, body.frame()).await;
        let Ok(frame) = frame else {
            return Err(cut(status, "the service stopped in the middle of its answer").into());
        };
        let Some(frame) = frame else { return Ok((text.freeze(), None)) };
        let frame = frame.map_err(|broken| broken_off(status, broken))?;
        let Ok(data) = frame.into_data() else { continue };
        text.extend_from_slice(&data);
        if text.len() > MAX_REVIEWED {
            return Ok((text.freeze(), Some(body)));
        }
    }
}

/// Returns the refusal of an answer. Only successful answers are reviewed, so the request was carried out.
fn refused(departure: &Departure, unfit: Unfit) -> Unanswered {
    let operation = &departure.permitted().request().operation.id;
    Refusal::of_answer(operation, unfit, CarriedOut::Yes).into()
}
