//! An upstream request as it will be sent, all but the credential: built from the canonical request of a warrant, never
//! from the agent's bytes.
//!
//! It knows no client and sends nothing.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use http_body_util::Full;
use memchr::memmem;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::dial::Reach;
use crate::ports::{Connection, Credential, Warrant};
use crate::refusal::{Fault, FaultCode, Refusal, RefusalCode, Stop};
use crate::upstream::Place;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("hallpass-gateway/", env!("CARGO_PKG_VERSION")));

pub(crate) struct Outgoing {
    method: Method,
    url: Uri,
    headers: HeaderMap,
    body: Bytes,
    pub reach: Reach,
}

impl Outgoing {
    pub(crate) fn of(
        warrant: Warrant<'_>,
        connection: &Connection,
        pass: &SecretString,
    ) -> Result<Self, Stop> {
        let request = warrant.request();
        let place = Place::of(connection, request.upstream_host())?;
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
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(USER_AGENT, AGENT);
        let method = Method::from_bytes(request.operation.method.as_str().as_bytes())
            .map_err(|_| unsendable("the method cannot be sent"))?;
        let body = Bytes::from(wire.map(|(_, bytes)| bytes).unwrap_or_default());
        let outgoing = Self { method, url, headers, body, reach: place.reach };
        outgoing.holds_no_pass(pass)?;
        Ok(outgoing)
    }

    /// The pass cannot go upstream as a credential, because nothing of the agent's bytes does; but an agent could
    /// write it into an argument. The end of a pass, its proof, is in no other text.
    fn holds_no_pass(&self, pass: &SecretString) -> Result<(), Refusal> {
        const PROOF: usize = 48;
        let text = pass.expose_secret().as_bytes();
        let proof = memmem::Finder::new(text.get(text.len().saturating_sub(PROOF)..).unwrap_or(text));
        let holds = |bytes: &[u8]| proof.find(bytes).is_some();
        let target = self.url.path_and_query().map_or("", |target| target.as_str());
        if holds(target.as_bytes())
            || self.headers.values().any(|value| holds(value.as_bytes()))
            || holds(&self.body)
        {
            return Err(Refusal::new(
                RefusalCode::ForeignCredential,
                "the request would send the pass to the service",
            )
            .expected("the pass in the Authorization header only", "it in an argument"));
        }
        Ok(())
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

fn header(value: &str) -> Result<HeaderValue, Fault> {
    value.parse().map_err(|_| unsendable("a header cannot be sent"))
}

pub(crate) fn unsendable(detail: &str) -> Fault {
    Fault::before(FaultCode::UpstreamUnreachable, detail)
}
