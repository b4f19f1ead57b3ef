//! Is it one request, and is it for this gateway? Checks on the head that need no pass and no catalog.
//!
//! hyper accepts what a careful gateway must not: two Host headers, a Host that the target contradicts,
//! Content-Length beside Transfer-Encoding (of which it shows only the latter; `heads` sees both). Each is refused here,
//! never repaired. Nothing a proxy in front may have added (`X-Forwarded-*`, `Forwarded`, `Via`) is believed.

use std::net::IpAddr;

use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};

use crate::heads::Chunked;
use crate::refusal::{Refusal, RefusalCode};

/// The `Host` of a request, as the agent wrote it, after it was found to be a name of this gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnHost(String);

impl OwnHost {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Headers that may stand once at most: two of them would leave a choice.
const ONCE: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, EXPECT];

/// Checks everything about a head that could make it two requests, or one for somebody else.
pub(crate) fn check(parts: &Parts, names: &[String], listener: IpAddr) -> Result<OwnHost, Refusal> {
    let host = own_host(parts, names, listener)?;
    target(parts, &host)?;
    length(parts)?;
    connection(&parts.headers)?;
    values(&parts.headers)?;
    Ok(host)
}

fn own_host(parts: &Parts, names: &[String], listener: IpAddr) -> Result<OwnHost, Refusal> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let Some(host) = hosts.next() else {
        return Err(Refusal::ambiguous("the request has no Host header").hint("send exactly one"));
    };
    if hosts.next().is_some() {
        return Err(Refusal::ambiguous("the request has two Host headers").hint("send exactly one"));
    }
    let text = host.to_str().unwrap_or_default();
    let Some(name) = host_name(text) else {
        return Err(Refusal::ambiguous("the Host header is not `HOST` or `HOST:PORT`"));
    };
    if is_own(name, names, listener) {
        return Ok(OwnHost(text.to_owned()));
    }
    Err(Refusal::ambiguous("the Host header does not name this gateway")
        .expected("127.0.0.1, localhost, [::1] or a name set in the configuration", format!("`{name}`"))
        .hint("use the base URL that `hallpass connections` prints"))
}

/// The host part of `HOST[:PORT]`, or nothing where it is anything else.
fn host_name(text: &str) -> Option<&str> {
    let (name, rest) = match text.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => match text.find(':') {
            Some(colon) => text.split_at(colon),
            None => (text, ""),
        },
    };
    let port_is_sound = rest.is_empty()
        || rest.strip_prefix(':').is_some_and(|port| {
            !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit())
        });
    let name_is_sound = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':'));
    (port_is_sound && name_is_sound).then_some(name)
}

fn is_own(name: &str, names: &[String], listener: IpAddr) -> bool {
    match name {
        "127.0.0.1" | "localhost" | "::1" => return true,
        _ => {}
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        return address == listener;
    }
    name.eq_ignore_ascii_case("localhost") || names.iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn target(parts: &Parts, host: &OwnHost) -> Result<(), Refusal> {
    if parts.method == Method::CONNECT {
        return Err(Refusal::ambiguous("CONNECT is for proxies, and this is none")
            .hint("use the gateway as the base URL, not as a proxy"));
    }
    let absolute = parts.uri.scheme().is_some() || parts.uri.authority().is_some();
    let agrees = parts.uri.scheme_str() == Some("http")
        && parts.uri.authority().is_some_and(|authority| authority.as_str() == host.as_str());
    if absolute && !agrees {
        return Err(Refusal::ambiguous("the request target and the Host header name different places"));
    }
    Ok(())
}

/// A transfer coding is `chunked`, once, with no length beside it, or the request is refused: `heads` has the proof.
fn length(parts: &Parts) -> Result<(), Refusal> {
    let headers = &parts.headers;
    if headers.contains_key(TRAILER) {
        return Err(Refusal::ambiguous("the request announces headers after its body"));
    }
    if headers.contains_key(TRANSFER_ENCODING) && parts.extensions.get::<Chunked>().is_none() {
        return Err(Refusal::new(
            RefusalCode::LengthRequired,
            "how long the request body is can be read in more than one way",
        )
        .expected(
            "Content-Length, or `Transfer-Encoding: chunked` alone",
            "another transfer coding, or one beside a length",
        )
        .hint(
            "send the body with a Content-Length, or send no request before the one ahead of it is answered",
        ));
    }
    for name in ONCE {
        if headers.get_all(&name).iter().nth(1).is_some() {
            return Err(Refusal::ambiguous(format!("the header `{name}` stands twice")));
        }
    }
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return Err(Refusal::new(RefusalCode::UnsupportedMediaType, "the request body is compressed")
            .expected("no Content-Encoding", "a compressed body, which would hide what it says")
            .hint("turn request compression off in the client"));
    }
    Ok(())
}

fn connection(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(UPGRADE) || headers.contains_key("http2-settings") {
        return Err(Refusal::ambiguous("the request asks to change the protocol"));
    }
    if headers.get(EXPECT).is_some_and(|expected| !expected.as_bytes().eq_ignore_ascii_case(b"100-continue"))
    {
        return Err(Refusal::ambiguous("the request expects something other than `100-continue`"));
    }
    for line in headers.get_all(CONNECTION) {
        for option in line.as_bytes().split(|byte| *byte == b',') {
            let option = option.trim_ascii();
            let known: [&[u8]; 5] = [b"keep-alive", b"close", b"te", b"proxy-connection", b""];
            if !known.iter().any(|known| option.eq_ignore_ascii_case(known)) {
                return Err(Refusal::ambiguous(
                    "the Connection header names a header that it would take away",
                ));
            }
        }
    }
    Ok(())
}

fn values(headers: &HeaderMap) -> Result<(), Refusal> {
    for (name, value) in headers {
        if !is_printable(value.as_bytes()) {
            return Err(Refusal::ambiguous(format!(
                "the header `{name}` holds bytes that are not printable ASCII"
            )));
        }
    }
    Ok(())
}

/// Looks at every byte whatever it finds, so that many are looked at at once.
fn is_printable(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |so_far, byte| so_far & ((0x20..0x7f).contains(byte) | (*byte == b'\t')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn own(host: &str) -> Result<OwnHost, Refusal> {
        let (parts, ()) = http::Request::get("/x").header(HOST, host).body(()).unwrap().into_parts();
        check(&parts, &["gateway.internal".to_owned()], LOOPBACK)
    }

    #[test]
    fn the_names_of_the_gateway_are_accepted_with_and_without_a_port() {
        for host in
            ["127.0.0.1", "127.0.0.1:7411", "localhost:1", "LocalHost", "[::1]:7411", "Gateway.Internal"]
        {
            assert_eq!(own(host).unwrap().as_str(), host);
        }
    }

    #[test]
    fn any_other_host_is_refused() {
        let strangers = [
            "evil.example",
            "127.0.0.1@evil.example",
            "a@127.0.0.1",
            "127.0.0.1:7411:80",
            "127.0.0.1:",
            "",
            "[::1",
            "127.0.0.1/x",
            "127.0.0.1 ",
            "169.254.169.254",
            "2130706433",
            "localhost.",
            "127.0.0.2",
            ":80",
        ];
        for host in strangers {
            assert_eq!(own(host).unwrap_err().code, RefusalCode::AmbiguousRequest, "{host}");
        }
    }
}
