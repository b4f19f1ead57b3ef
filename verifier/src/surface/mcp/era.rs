//! The two eras of MCP, on one address: without a session, every message says which it is of.
//!
//! 2026-07-28 is stateless: each request repeats its version, its method and its name in headers, for intermediaries. The
//! body decides, and both must agree. Older clients begin with `initialize`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datalog::json::Json;
use http::HeaderMap;

use crate::surface::mcp::rpc::{Rpc, RpcError};

pub(crate) const MODERN: &str = "2026-07-28";
/// The older versions that are answered, the newest first.
pub(crate) const LEGACY: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];
/// Every version that a client may ask for.
pub(crate) const SUPPORTED: [&str; 3] = [MODERN, "2025-11-25", "2025-06-18"];

const VERSION: &str = "mcp-protocol-version";
const META: &str = "_meta";
const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    Modern,
    Legacy,
}

impl Era {
    pub(crate) fn of(headers: &HeaderMap, rpc: &Rpc) -> Result<Self, RpcError> {
        let meta = rpc.params.field(META);
        let stated = meta.and_then(|meta| meta.field(META_VERSION)).and_then(Json::as_str);
        let header = one(headers, VERSION)?;
        match (stated, header) {
            (Some(stated), header) if header != Some(stated) => Err(differs(VERSION)),
            (Some(MODERN), _) => modern(headers, rpc).map(|()| Self::Modern),
            (Some(other), _) => Err(RpcError::version(other, &[MODERN])),
            (None, Some(MODERN)) => Err(RpcError::params(format!("`{META_VERSION}` is missing in `_meta`"))),
            (None, Some(version)) if !LEGACY.contains(&version) => {
                Err(RpcError::version(version, &SUPPORTED))
            }
            (None, _) => Ok(Self::Legacy),
        }
    }
}

/// Checks that headers and body agree.
fn modern(headers: &HeaderMap, rpc: &Rpc) -> Result<(), RpcError> {
    let meta = rpc.params.field(META);
    if !matches!(meta.and_then(|meta| meta.field(META_CAPABILITIES)), Some(Json::Object(_))) {
        return Err(RpcError::params(format!("`{META_CAPABILITIES}` is missing in `_meta`")));
    }
    if one(headers, "mcp-method")? != Some(rpc.method.as_str()) {
        return Err(differs("mcp-method"));
    }
    let name = match rpc.method.as_str() {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        _ => return Ok(()),
    };
    let stated = one(headers, "mcp-name")?.and_then(decoded);
    match stated.as_deref() == rpc.params.field(name).and_then(Json::as_str) && stated.is_some() {
        true => Ok(()),
        false => Err(differs("mcp-name")),
    }
}

/// Returns the one value of a header.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, RpcError> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next();
    if lines.next().is_some() {
        return Err(RpcError::header(format!("the header `{name}` stands twice")));
    }
    Ok(first.and_then(|value| value.to_str().ok()))
}

/// Returns a value that may be written as `=?base64?…?=`.
fn decoded(value: &str) -> Option<String> {
    let Some(packed) = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) else {
        return Some(value.to_owned());
    };
    String::from_utf8(STANDARD.decode(packed).ok()?).ok()
}

fn differs(header: &str) -> RpcError {
    RpcError::header(format!("the header `{header}` is missing, or says something else than the body"))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn era(headers: &[(&str, &str)], body: &str) -> Option<Era> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        Era::of(&map, &Rpc::read(body.as_bytes()).unwrap()).ok()
    }

    #[test]
    fn headers_and_body_agree_or_the_message_is_refused() {
        let call = |name: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}","_meta":{{"{META_VERSION}":"{MODERN}","{META_CAPABILITIES}":{{}}}}}}}}"#
            )
        };
        let good = [(VERSION, MODERN), ("mcp-method", "tools/call"), ("mcp-name", "a_b")];
        assert_eq!(era(&good, &call("a_b")), Some(Era::Modern));
        assert_eq!(
            era(&[good[0], good[1], ("mcp-name", "=?base64?YV9i?=")], &call("a_b")),
            Some(Era::Modern)
        );
        assert_eq!(era(&good, &call("a_c")), None, "another name");
        assert_eq!(era(&good[..2], &call("a_b")), None, "no name");
        assert_eq!(era(&[good[0], ("mcp-method", "tools/list"), good[2]], &call("a_b")), None);
        assert_eq!(era(&good[1..], &call("a_b")), None, "no version");
        assert_eq!(era(&[(VERSION, "2025-11-25"), good[1], good[2]], &call("a_b")), None);
        assert_eq!(era(&[good[0], good[1], good[2], good[2]], &call("a_b")), None, "twice");
        let bare = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
        assert_eq!(era(&[(VERSION, MODERN), ("mcp-method", "tools/list")], bare), None, "no meta");
        for version in LEGACY {
            assert_eq!(era(&[(VERSION, version)], bare), Some(Era::Legacy));
        }
        assert_eq!(era(&[], bare), Some(Era::Legacy));
        assert_eq!(era(&[(VERSION, "2031-01-01")], bare), None);
    }
}
