//! Is it one request, and is it for this gateway? These checks on the head need no pass and no catalog.
//!
//! `heads` has read the bytes of the head. This checks its headers together: two Host headers, a Host that contradicts
//! the target, a change of protocol. Each is refused, never repaired. Headers that a proxy may have added
//! (`X-Forwarded-*`, `Forwarded`, `Via`) are not believed.
//!
//! - Invariant: The gateway refuses a body that two readers could end in different places
//!   (`a_length_beside_a_coding_is_refused_in_every_shape`, `chunks_that_cannot_be_read_are_refused`,
//!   `nothing_behind_a_chunked_body_is_read_as_a_request`).

use std::net::IpAddr;

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, EXPECT, HOST, TRAILER, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};

use crate::filter::inflate;
use crate::heads::Flaw;
use crate::refusal::Refusal;

/// The `Host` of a request, as the agent wrote it, once it is known to be a name of this gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnHost(String);

impl OwnHost {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Headers that may appear only once, because two of them would leave a choice.
const ONCE: [HeaderName; 5] = [HOST, AUTHORIZATION, CONTENT_TYPE, CONTENT_ENCODING, EXPECT];

/// Checks everything in a head that could make it two requests, or a request for somebody else.
pub(crate) fn check(parts: &Parts, names: &[String], listener: IpAddr) -> Result<OwnHost, Refusal> {
    if let Some(flaw) = parts.extensions.get::<Flaw>() {
        return Err(flaw.refusal());
    }
    let host = own_host(parts, names, listener)?;
    is_for(parts, &host)?;
    Ok(host)
}

/// Checks that a head is one request for the gateway that the agent reaches as `host`.
pub(crate) fn is_for(parts: &Parts, host: &OwnHost) -> Result<(), Refusal> {
    target(parts, host)?;
    once(&parts.headers)?;
    inflate::coding(&parts.headers)?;
    connection(&parts.headers)
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

/// Returns the host part of `HOST[:PORT]`; none if the text is anything else.
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
        return Err(Refusal::ambiguous("CONNECT is for proxies, and the gateway is not one")
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

fn once(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(TRAILER) {
        return Err(Refusal::ambiguous("the request announces headers after its body"));
    }
    match ONCE.iter().find(|name| headers.get_all(*name).iter().nth(1).is_some()) {
        Some(name) => {
            Err(Refusal::ambiguous(format!("the header `{name}` stands twice")).hint("send it once"))
        }
        None => Ok(()),
    }
}

/// Checks the header `Upgrade`. A client that prefers HTTP/2 offers it with its first request, and Java's with every
/// request. A server may continue in HTTP/1.1 (RFC 9110, section 7.8), and this one does. Any other change of protocol
/// is refused.
fn upgrade(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut offers = headers.get_all(UPGRADE).iter().peekable();
    let is_offered = offers.peek().is_some();
    let others = offers.any(|offer| !offer.as_bytes().trim_ascii().eq_ignore_ascii_case(b"h2c"));
    if others || (!is_offered && headers.contains_key("http2-settings")) {
        return Err(Refusal::ambiguous("the request asks to change the protocol")
            .expected("no Upgrade, or `h2c`, which the gateway ignores", "another one"));
    }
    Ok(())
}

fn connection(headers: &HeaderMap) -> Result<(), Refusal> {
    upgrade(headers)?;
    if headers.get(EXPECT).is_some_and(|expected| !expected.as_bytes().eq_ignore_ascii_case(b"100-continue"))
    {
        return Err(Refusal::ambiguous("the request expects something other than `100-continue`"));
    }
    for line in headers.get_all(CONNECTION) {
        for option in line.as_bytes().split(|byte| *byte == b',') {
            let option = option.trim_ascii();
            let known: [&[u8]; 7] =
                [b"keep-alive", b"close", b"te", b"proxy-connection", b"upgrade", b"http2-settings", b""];
            if !known.iter().any(|known| option.eq_ignore_ascii_case(known)) {
                return Err(Refusal::ambiguous("the Connection header asks to remove another header"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::RefusalCode;

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
