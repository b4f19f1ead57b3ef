//! Answer: what the agent is told, by the upstream or by the gateway.
//!
//! The upstream's answer passes through a header allow-list, loses the credential wherever it shows, and has its
//! URLs led back to the gateway. A refusal or a fault becomes problem+json (RFC 9457) in the service's dialect.
//! Which status a code has is `refusal`'s to say.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use datalog::Effect;
use datalog::catalog::{Dialect, Service};
use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, LINK, LOCATION, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::body::{AnswerBody, Leave, Stream};
use crate::config::Limits;
use crate::dialect::{self, Reads};
use crate::forward::Departure;
use crate::headers::passes_down;
use crate::meter;
use crate::ports::RecordId;
use crate::record::Recording;
use crate::refusal::{Fault, FaultCode, Refusal, RefusalCode, Stop};
use crate::review::{Content, Looked, Reviewer, review};
use crate::rewrite::{Origins, Rewriter};
use crate::rooms::Room;
use crate::scrub::{Found, Scrubber};
use crate::withhold::Withholder;

/// JSON up to this size is rewritten in one piece, and keeps a Content-Length.
const WHOLE: u64 = 256 * 1024;

/// What an answer is treated with on its way.
pub(crate) struct Treatment {
    pub scrubber: Scrubber,
    pub origins: Origins,
    pub leave: Leave,
    pub service: Arc<Service>,
    pub shows: Shows,
    /// Room for the answer, where it is reviewed.
    pub room: Option<Room>,
}

/// How much of an answer the agent asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    Everything,
    /// HEAD: status and headers. The answer is judged all the same.
    Head,
}

/// An upstream's head, ready to be passed on.
struct Head {
    status: StatusCode,
    headers: HeaderMap,
    kind: Content,
}

/// Checks and rebuilds the head of an upstream's answer.
fn head(
    answer: &Response<Incoming>,
    departure: &Departure,
    treatment: &mut Treatment,
) -> Result<Head, Fault> {
    let status = answer.status();
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(unusable("the service changed the protocol, which nobody asked for"));
    }
    if answer.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(unusable("the service compressed its answer, which cannot be checked"));
    }
    let mut headers = HeaderMap::with_capacity(answer.headers().len());
    for (name, value) in answer.headers() {
        if passes_down(&treatment.service, name) {
            headers.append(name.clone(), scrubbed(treatment, value)?);
        }
    }
    let own = departure.permitted().request().path.as_str();
    for link in answer.headers().get_all(LINK) {
        let link = treatment.origins.link(link.to_str().unwrap_or_default(), own);
        headers.append(LINK, scrubbed(treatment, &text_value(&link)?)?);
    }
    if let Some(location) = answer.headers().get(LOCATION) {
        let location = redirect(status, location.to_str().unwrap_or_default(), departure, treatment)?;
        headers.insert(LOCATION, scrubbed(treatment, &text_value(&location)?)?);
    }
    let kind = match headers.get(CONTENT_TYPE) {
        Some(value) if is_json(value.as_bytes()) => Content::Json,
        _ => Content::Other,
    };
    Ok(Head { status, headers, kind })
}

/// Where a redirect may lead: back to the gateway, or, where the operation's answer is known to hold a usable
/// credential and the pass covers that, to the signed URL that it is. Any other place is not told, because an
/// SDK would follow it with the pass.
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
    Err(unusable("the service redirects to another host, where the pass is worth nothing"))
}

pub(crate) fn unusable(detail: &str) -> Fault {
    Fault::after(FaultCode::UpstreamUnreachable, detail)
}

fn text_value(text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(text)
        .map_err(|_| unusable("the service answered with a header that cannot be passed on"))
}

fn scrubbed(treatment: &mut Treatment, value: &HeaderValue) -> Result<HeaderValue, Fault> {
    if !treatment.scrubber.occurs_in(value.as_bytes()) {
        return Ok(value.clone());
    }
    HeaderValue::from_bytes(&treatment.scrubber.whole(value.as_bytes()))
        .map_err(|_| unusable("the service answered with a header that cannot be passed on"))
}

fn is_json(content_type: &[u8]) -> bool {
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    essence.eq_ignore_ascii_case(b"application/json")
        || essence.to_ascii_lowercase().ends_with(b"+json")
        || essence.eq_ignore_ascii_case(b"text/json")
}

/// Passes the upstream's answer on, and lets its record end with it.
pub(crate) async fn pass_on(
    arrival: Response<Incoming>,
    departure: &Departure,
    mut treatment: Treatment,
    recording: &mut Recording,
    limits: &Limits,
) -> Result<Response<AnswerBody>, Stop> {
    let head = head(&arrival, departure, &mut treatment)?;
    let Treatment { scrubber, origins, leave, service, shows, mut room } = treatment;
    let reviewer = Reviewer { departure, leave: &leave, limits, shows };
    let looked = review(arrival, head.kind, &reviewer, &mut room).await?;
    let json = (head.kind == Content::Json).then(|| JsonTreatment {
        withholder: Withholder::of(&service.masked),
        rewriter: Rewriter::new(origins),
    });
    let looked = match looked {
        Looked::Onward { ahead, body }
            if shows == Shows::Everything
                && ahead.is_empty()
                && head.kind == Content::Json
                && is_short(&body) =>
        {
            let Ok(Ok(text)) = timeout(limits.idle, collect(body)).await else {
                return Err(unusable("the service went away in the middle of its answer").into());
            };
            Looked::Whole(text)
        }
        looked => looked,
    };
    // Nothing has gone out yet: the agent can still be told.
    leave.holds().map_err(Refusal::ended)?;
    let held = |text: Bytes| match room {
        Some(room) => room.around(text),
        None => text,
    };
    let body = match looked {
        _ if shows == Shows::Head => {
            recording.sent(head.status.as_u16()).whole();
            AnswerBody::ready(Bytes::new())
        }
        Looked::Whole(text) => {
            let text = treat(text, scrubber, json);
            recording.take(text.len()).await?;
            AnswerBody::sent(held(text), recording.sent(head.status.as_u16()))
        }
        Looked::Onward { ahead, body } => {
            let (ahead, sent) = (held(ahead), recording.sent(head.status.as_u16()));
            AnswerBody::stream(Stream::new(body, scrubber, json, leave, sent, limits.idle).after(ahead))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    Ok(response)
}

/// Whether it is rewritten in one piece.
fn is_short(body: &Incoming) -> bool {
    body.size_hint().exact().is_some_and(|length| length <= WHOLE)
}

async fn collect(mut body: Incoming) -> Result<Bytes, ()> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| ())?.into_data() else { continue };
        if first.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::from(first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

/// What is done to JSON alone.
pub(crate) struct JsonTreatment {
    withholder: Option<Withholder>,
    rewriter: Rewriter,
}

impl JsonTreatment {
    /// Takes a piece; gives what may go on.
    pub(crate) fn push(&mut self, piece: Bytes) -> Bytes {
        let piece = match &mut self.withholder {
            Some(withholder) => withholder.push(piece),
            None => piece,
        };
        self.rewriter.push(piece)
    }

    /// What was held back, at the end.
    pub(crate) fn finish(&mut self) -> Bytes {
        let held = self.withholder.as_mut().map(Withholder::finish).unwrap_or_default();
        joined(self.rewriter.push(held), &self.rewriter.finish())
    }
}

fn treat(text: Bytes, mut scrubber: Scrubber, json: Option<JsonTreatment>) -> Bytes {
    let mut text = joined(scrubber.push(text), &scrubber.finish());
    if scrubber.found() == Found::Credential {
        meter::credential_withheld();
        tracing::warn!("an answer held the credential, which was masked");
    }
    if let Some(mut json) = json {
        text = joined(json.push(text), &json.finish());
    }
    text
}

fn joined(first: Bytes, rest: &Bytes) -> Bytes {
    if rest.is_empty() {
        return first;
    }
    let mut whole = BytesMut::from(first);
    whole.extend_from_slice(rest);
    whole.freeze()
}

/// Answers a request that was refused or that broke.
pub(crate) fn stopped(
    stop: &Stop,
    dialect: Dialect,
    reads: Reads,
    record: Option<RecordId>,
) -> Response<AnswerBody> {
    let status = stop.status();
    let mut problem = problem(stop, record);
    dialect::dress(dialect, &mut problem, status, &message(stop));
    let text = Value::Object(problem).to_string();
    let mut response = Response::new(AnswerBody::ready(text));
    *response.status_mut() = dialect::status(dialect, status);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(dialect::content_type(dialect, reads)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, challenge(stop));
    }
    if let Some(seconds) = stop.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if closes(stop) {
        last_of_its_connection(&mut response);
    }
    response
}

/// After these the position in the connection's bytes is not certain any more.
fn closes(stop: &Stop) -> bool {
    match stop {
        Stop::Refused(refusal) => matches!(
            refusal.code,
            RefusalCode::AmbiguousRequest | RefusalCode::LengthRequired | RefusalCode::BodyTooLarge
        ),
        Stop::Broke(fault) => fault.code == FaultCode::Overloaded,
    }
}

fn problem(stop: &Stop, record: Option<RecordId>) -> Map<String, Value> {
    let mut problem = Map::new();
    let mut set = |name: &str, value: Value| problem.insert(name.into(), value);
    set("type", json!(format!("urn:hallpass:problem:{}", stop.code())));
    set("status", json!(stop.status().as_u16()));
    set("title", json!(stop.title()));
    set("detail", json!(stop.detail()));
    set("code", json!(stop.code()));
    match stop {
        Stop::Broke(fault) => {
            set("retryable", json!(fault.code.is_retryable()));
        }
        Stop::Refused(refusal) => {
            let reason = refusal.reason();
            let (expected, got) = refusal.expected_and_got().unzip();
            let liftable_by = reason.map_or(refusal.code.liftable_by(), |reason| reason.liftable_by);
            for (name, value) in [
                ("caveat", reason.map(|reason| reason.caveat.as_str())),
                ("expected", expected),
                ("got", got),
                ("hint", refusal.hint.as_deref()),
            ] {
                if let Some(value) = value {
                    set(name, json!(value));
                }
            }
            if let Some(pending) = &refusal.approval {
                set("approval", json!(pending.id));
                set("status_url", json!(pending.status));
            }
            set("liftable_by", json!(liftable_by));
            set("retryable", json!(refusal.code == RefusalCode::ApprovalRequired || refusal.wait.is_some()));
        }
    }
    if let Some(RecordId(id)) = record {
        set("record", json!(id));
    }
    problem
}

/// One line that says it all, for clients that show one.
fn message(stop: &Stop) -> String {
    let mut line = format!("hallpass {}: {}", stop.code(), stop.detail());
    if let Stop::Refused(refusal) = stop {
        if let Some((expected, got)) = refusal.expected_and_got() {
            line.push_str(&format!(" (expected {expected}, got {got})"));
        }
        if let Some(hint) = &refusal.hint {
            line.push_str(&format!("; hint: {hint}"));
        }
    }
    line
}

/// RFC 6750, section 3: no error code where there was no token at all.
fn challenge(stop: &Stop) -> HeaderValue {
    let Stop::Refused(refusal) = stop else { return HeaderValue::from_static("Bearer") };
    if refusal.code == RefusalCode::PassMissing {
        return HeaderValue::from_static("Bearer realm=\"hallpass\"");
    }
    let line = format!(
        "Bearer realm=\"hallpass\", error=\"invalid_token\", error_description=\"{}\"",
        refusal.code.title().to_lowercase()
    );
    HeaderValue::from_str(&line).unwrap_or(HeaderValue::from_static("Bearer error=\"invalid_token\""))
}

/// Says that the request was held open as it preferred (RFC 7240, section 3).
pub(crate) fn preference_applied(answer: &mut Response<AnswerBody>, waited: Duration) {
    if let Ok(value) = HeaderValue::from_str(&format!("wait={}", waited.as_secs())) {
        answer.headers_mut().insert("preference-applied", value);
    }
}

/// Nothing that comes after it on its connection is read.
pub(crate) fn last_of_its_connection(answer: &mut Response<AnswerBody>) {
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

/// There is no such page for this pass; whether there is one for another is not told.
pub(crate) fn not_found() -> Response<AnswerBody> {
    let mut response = page(&json!({
        "type": "about:blank", "status": 404, "title": "Not Found", "detail": "this pass asked for no such approval",
    }));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// A JSON page of the gateway itself.
pub(crate) fn page(value: &Value) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::ready(value.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
