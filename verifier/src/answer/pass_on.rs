//! Answer: passes the service's answer on to the agent.
//!
//! The answer goes through an allow-list of headers, has the credential masked everywhere, and has its URLs led back to
//! the gateway. `problem` makes the answer for a refusal or a fault.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use datalog::{AnswerForm, Effect};
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LINK, LOCATION};
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::answer::body::{AnswerBody, Stream};
use crate::answer::reply::Reply;
use crate::answer::review::{Content, Looked, Reviewer, review};
use crate::answer::treatment::{JsonTreatment, Shows, Treatment, broken_off, cut, joined, unusable};
use crate::config::Limits;
use crate::filter::headers::passes_down;
use crate::filter::scrub::{Scrubbed, Scrubber};
use crate::meter;
use crate::ports::CarriedOut;
use crate::record::Recording;
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Does, Fault, FaultCode, Refusal};
use crate::upstream::forward::Departure;
use crate::upstream::inbound::Inbound;
use crate::upstream::unpack::{Packing, UnpackedBody};

/// JSON up to this size is rewritten in one piece, and keeps a Content-Length.
const WHOLE: u64 = 256 * 1024;
/// This much of a packed answer is read before its head goes out, because a bomb shows there.
const AHEAD: usize = 1024 * 1024;

/// A service's head, ready to be passed on.
pub(crate) struct AnswerHead {
    status: StatusCode,
    headers: HeaderMap,
    kind: Content,
    coding: Packing,
}

/// Checks and rebuilds the head of a service's answer.
fn head(
    answer: &Response<Inbound>,
    departure: &Departure,
    treatment: &mut Treatment,
) -> Result<AnswerHead, Fault> {
    let status = answer.status();
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(unusable(status, "the service changed the protocol without being asked"));
    }
    let coding = Packing::of(answer.headers());
    if coding == Packing::Unknown {
        return Err(unusable(
            status,
            "the service packed its answer in a way that the gateway did not ask for",
        ));
    }
    let mut headers = HeaderMap::with_capacity(answer.headers().len());
    for (name, value) in answer.headers() {
        if passes_down(&treatment.service, name) {
            headers.append(name.clone(), scrubbed(treatment, status, value)?);
        }
    }
    let own = departure.permitted().request().path.as_str();
    for link in answer.headers().get_all(LINK) {
        let link = treatment.origins.link(link.to_str().unwrap_or_default(), own);
        headers.append(LINK, scrubbed(treatment, status, &text_value(status, &link)?)?);
    }
    if let Some(location) = answer.headers().get(LOCATION) {
        let location = redirect(status, location.to_str().unwrap_or_default(), departure, treatment)?;
        headers.insert(LOCATION, scrubbed(treatment, status, &text_value(status, &location)?)?);
    }
    if coding == Packing::Gzip {
        // A range would count the packed bytes.
        headers.remove(ACCEPT_RANGES);
    }
    // The content of a file is not the API's own JSON, even if its type is JSON. An error is the API's own JSON.
    let is_file = status.is_success() && departure.permitted().request().asked.form == AnswerForm::Content;
    let kind = match headers.get(CONTENT_TYPE) {
        Some(value) if is_json(value.as_bytes()) && !is_file => Content::Json,
        _ => Content::Other,
    };
    Ok(AnswerHead { status, headers, kind, coding })
}

/// Returns the target for the `Location` header. A target at the service leads back to the gateway. Any other target
/// stays as it is if the answer is no redirect, or if the operation's answer is known to hold a usable credential: then
/// it is a signed URL that the pass covers. A redirect to any other host fails, because an SDK would follow it with the
/// pass.
fn redirect(
    status: StatusCode,
    location: &str,
    departure: &Departure,
    treatment: &Treatment,
) -> Result<String, Fault> {
    if let Some(inside) = treatment.origins.location(location) {
        return Ok(inside);
    }
    let request = departure.permitted().request();
    if request.effects.contains(Effect::Secret) || !status.is_redirection() {
        return Ok(location.to_owned());
    }
    Err(unusable(status, "the service redirects to another host, and the pass does not work there"))
}

/// Fails after a 5xx to a request that does more than read, because nobody knows whether it was done. An SDK would
/// repeat it by itself, and a model would follow the SDK. So the agent is told this, instead of the service's own
/// words.
fn leaves_open(status: StatusCode, departure: &Departure) -> Result<(), Fault> {
    let does = Does::by(departure.permitted().request().effects);
    if does == Does::Reads || !status.is_server_error() || CarriedOut::by(status) == CarriedOut::No {
        return Ok(());
    }
    let timed_out = status == StatusCode::GATEWAY_TIMEOUT;
    let code = if timed_out { FaultCode::UpstreamTimeout } else { FaultCode::UpstreamUnreachable };
    Err(Fault::after(code, format!("the service answered {}", status.as_u16())))
}

fn text_value(status: StatusCode, text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(text)
        .map_err(|_| unusable(status, "the service answered with a header that cannot be passed on"))
}

fn scrubbed(
    treatment: &mut Treatment,
    status: StatusCode,
    value: &HeaderValue,
) -> Result<HeaderValue, Fault> {
    if !treatment.scrubber.occurs_in(value.as_bytes()) {
        return Ok(value.clone());
    }
    HeaderValue::from_bytes(&treatment.scrubber.whole(value.as_bytes()))
        .map_err(|_| unusable(status, "the service answered with a header that cannot be passed on"))
}

fn is_json(content_type: &[u8]) -> bool {
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    essence.eq_ignore_ascii_case(b"application/json")
        || essence.to_ascii_lowercase().ends_with(b"+json")
        || essence.eq_ignore_ascii_case(b"text/json")
}

/// Passes the service's answer on, and ends its record with it.
pub(crate) async fn pass_on(
    arrival: Response<Inbound>,
    departure: &Departure,
    mut treatment: Treatment,
    recording: &mut Recording,
    limits: &Limits,
) -> Result<Reply, Unanswered> {
    leaves_open(arrival.status(), departure)?;
    if arrival.body().is_broken() {
        return Err(cut(arrival.status(), "the service went away in the middle of its answer").into());
    }
    let head = head(&arrival, departure, &mut treatment)?;
    let carried_out = CarriedOut::by(head.status);
    let Treatment { scrubber, origins, permit, service, shows, mut room } = treatment;
    let reviewer = Reviewer { departure, permit: &permit, limits, shows };
    let Some(body) = UnpackedBody::of(head.coding, arrival.into_body()) else {
        return Err(unusable(
            head.status,
            "the service packed its answer in a way that the gateway did not ask for",
        )
        .into());
    };
    let looked = review(head.status, body, head.kind, &reviewer, &mut room).await?;
    let json = (head.kind == Content::Json).then(|| JsonTreatment::new(&service.masked, origins));
    let looked = match looked {
        Looked::Onward { ahead, body } => begun(ahead, body, &head, limits).await?,
        whole @ Looked::Whole(_) => whole,
    };
    // Nothing has gone out yet, so the agent can still be told.
    permit.holds().map_err(|code| Refusal::ended(code, carried_out))?;
    let held = |text: Bytes| match room {
        Some(room) => room.around(text),
        None => text,
    };
    let mut head = head;
    let body = match looked {
        // Nobody polls an empty body, so its record ends here. The body is empty, or the agent asked only for the head.
        looked if shows == Shows::Head => {
            // A HEAD gives the length that its GET would give.
            if let Some(length) = length(looked, scrubber, json) {
                head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            nothing(recording, head.status)
        }
        Looked::Whole(text) if text.is_empty() => nothing(recording, head.status),
        Looked::Onward { ahead, body } if ahead.is_empty() && body.is_end_stream() => {
            nothing(recording, head.status)
        }
        Looked::Whole(text) => {
            let text = treat(text, scrubber, json);
            recording.take(text.len(), carried_out).await?;
            AnswerBody::sent(held(text), recording.sent(head.status.as_u16()))
        }
        Looked::Onward { ahead, body } => {
            let (ahead, sent) = (held(ahead), recording.sent(head.status.as_u16()));
            AnswerBody::stream(Stream::new(body, scrubber, json, permit, sent, limits.idle).after(ahead))
        }
    };
    Ok(Reply { status: head.status, headers: head.headers, body })
}

/// Ends the record, and returns the empty body of an answer that is only a head.
fn nothing(recording: &mut Recording, status: StatusCode) -> AnswerBody {
    recording.sent(status.as_u16()).whole();
    AnswerBody::ready(Bytes::new())
}

/// Returns the length of the answer to pass on, if it is known.
fn length(looked: Looked, scrubber: Scrubber, json: Option<JsonTreatment>) -> Option<u64> {
    match looked {
        Looked::Whole(text) => Some(treat(text, scrubber, json).len() as u64),
        Looked::Onward { ahead, body } if ahead.is_empty() && json.is_none() => body.length(),
        Looked::Onward { .. } => None,
    }
}

/// Reads the beginning of a body before it is passed on: all of a short JSON body, and the first piece of a packed one.
/// If the beginning shows that the answer is broken, the agent can still be told.
async fn begun(
    ahead: Bytes,
    mut body: UnpackedBody,
    head: &AnswerHead,
    limits: &Limits,
) -> Result<Looked, Fault> {
    let is_short = |body: &UnpackedBody| body.length().is_some_and(|length| length <= WHOLE);
    let reads_on = ahead.is_empty() && head.kind == Content::Json && is_short(&body);
    if !reads_on && !body.is_packed() {
        return Ok(Looked::Onward { ahead, body });
    }
    let mut text = BytesMut::from(ahead);
    let mut patience = limits.idle;
    loop {
        match timeout(patience, body.frame()).await {
            Ok(None) => return Ok(Looked::Whole(text.freeze())),
            Ok(Some(Ok(frame))) => text.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Ok(Some(Err(broken))) => return Err(broken_off(head.status, broken)),
            // The rest of a packed body is passed on as it comes.
            Err(_) if body.is_packed() && !text.is_empty() => break,
            Err(_) => return Err(cut(head.status, "the service stopped in the middle of its answer")),
        }
        if body.is_packed() {
            if text.len() > AHEAD {
                break;
            }
            patience = Duration::ZERO;
        }
    }
    Ok(Looked::Onward { ahead: text.freeze(), body })
}

fn treat(text: Bytes, mut scrubber: Scrubber, json: Option<JsonTreatment>) -> Bytes {
    let mut text = joined(scrubber.push(text), &scrubber.finish());
    if scrubber.found() == Scrubbed::Credential {
        meter::credential_withheld();
        tracing::warn!("an answer held the credential, which was masked");
    }
    if let Some(mut json) = json {
        text = joined(json.push(text), &json.finish());
    }
    text
}
