//! An upstream request as it will be sent, without the credential. It is built from the canonical request of a warrant,
//! never from the agent's bytes.
//!
//! It knows no client and sends nothing.

use bytes::Bytes;
use datalog::AnswerForm;
use datalog::carried::{Carried, carried};
use datalog::catalog::BodySign;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use http_body_util::Full;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::ports::{Connection, Credential, Warrant};
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Fault, FaultCode, Refusal, RefusalCode};
use crate::upstream::address::Destination;
use crate::upstream::dial::Reach;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("hallpass-gateway/", env!("CARGO_PKG_VERSION")));

pub(crate) struct Outgoing {
    method: Method,
    url: Uri,
    headers: HeaderMap,
    body: Bytes,
    pub reach: Reach,
    /// How the service says that a token is dead, if not by 401.
    pub dead_token: Option<BodySign>,
    pub missing_scope: Option<BodySign>,
}

impl Outgoing {
    pub(crate) fn of(warrant: Warrant<'_>, connection: &Connection) -> Result<Self, Unanswered> {
        let request = warrant.request();
        let place = Destination::of(connection, request.upstream_host())?;
        let url = place.url(request).ok_or_else(|| unsendable("the request has no URL on the service"))?;
        let wire = request.wire_body();
        let mut headers = HeaderMap::with_capacity(request.headers.len() + 5);
        for (name, value) in &request.headers {
            let name: HeaderName = name.parse().map_err(|_| unsendable("a header cannot be sent"))?;
            headers.insert(name, header(value)?);
        }
        if let Some((content_type, _)) = &wire {
            headers.insert(CONTENT_TYPE, header(content_type)?);
        }
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding(warrant)));
        headers.insert(USER_AGENT, AGENT);
        let method = Method::from_bytes(request.operation.method.as_str().as_bytes())
            .map_err(|_| unsendable("the method cannot be sent"))?;
        let body = Bytes::from(wire.map(|(_, bytes)| bytes).unwrap_or_default());
        let dead_token = connection.service.manners.dead_token.clone();
        let missing_scope = connection.service.manners.missing_scope.clone();
        let outgoing = Self { method, url, headers, body, reach: place.reach, dead_token, missing_scope };
        outgoing.holds_no_pass()?;
        Ok(outgoing)
    }

    /// Refuses a request that holds a pass. A pass never goes upstream as a credential, because the agent's own bytes
    /// never go. But an agent could write a pass into an argument: its own or another, in any encoding that arguments
    /// have.
    fn holds_no_pass(&self) -> Result<(), Refusal> {
        let target = self.url.path_and_query().map_or("", |target| target.as_str());
        let headers = self.headers.values().map(HeaderValue::as_bytes);
        let all = [target.as_bytes(), &self.body].into_iter().chain(headers);
        match all.map(carried).find(|found| *found != Carried::Nothing) {
            None | Some(Carried::Nothing) => Ok(()),
            Some(Carried::Pass) => Err(Refusal::new(
                RefusalCode::ForeignCredential,
                "the request would send a pass to the service",
            )
            .expected("a pass in the Authorization header only", "one in an argument, a header or the body")),
            Some(Carried::TooMuch) => Err(Refusal::ambiguous(
                "Hallpass cannot tell whether the request would send a pass to the service: it nests more encodings than \
                 Hallpass decodes",
            )),
        }
    }

    pub(crate) fn with(&self, credential: &Credential) -> Result<http::Request<Full<Bytes>>, Fault> {
        let line = Zeroizing::new(format!("Bearer {}", credential.token.expose_secret()));
        let mut slot =
            HeaderValue::from_str(&line).map_err(|_| unsendable("the credential cannot be sent"))?;
        slot.set_sensitive(true);
        let mut request = http::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.url.clone();
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert(AUTHORIZATION, slot);
        Ok(request)
    }
}

/// Returns how the answer may be packed. The content of a file, or a part of an answer, passes unchanged with its own
/// length. A look-up's answer is small.
fn coding(warrant: Warrant<'_>) -> &'static str {
    let Warrant::Permitted(permitted) = warrant else { return "identity" };
    let request = permitted.request();
    let is_part = request.headers.iter().any(|(name, _)| **name == *"range");
    if is_part || request.asked.form == AnswerForm::Content { "identity" } else { "gzip" }
}

fn header(value: &str) -> Result<HeaderValue, Fault> {
    value.parse().map_err(|_| unsendable("a header cannot be sent"))
}

pub(crate) fn unsendable(detail: &str) -> Fault {
    Fault::before(FaultCode::UpstreamUnreachable, detail).for_good()
}
