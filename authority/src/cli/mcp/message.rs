//! A message of JSON-RPC, as far as the bridge looks at it.

use serde_json::{Value, json};

/// An error of this bridge. JSON-RPC keeps -32768 to -32000 for itself.
const OURS: i32 = 1;

/// Returns the headers that repeat the body, as the newer era needs them over HTTP.
pub(super) fn headers(message: &Value) -> Vec<(&'static str, String)> {
    let version = value_at(message, "/params/_meta/io.modelcontextprotocol~1protocolVersion");
    let Some(version) = version.as_str() else { return Vec::new() };
    let method = value_at(message, "/method").as_str().unwrap_or_default();
    let mut headers = vec![("mcp-protocol-version", version.to_owned()), ("mcp-method", method.to_owned())];
    if let Some(name) =
        value_at(message, "/params/name").as_str().or(value_at(message, "/params/uri").as_str())
    {
        use base64::Engine;
        let is_plain = name.bytes().all(|byte| byte.is_ascii_graphic());
        let packed = || format!("=?base64?{}?=", base64::engine::general_purpose::STANDARD.encode(name));
        headers.push(("mcp-name", if is_plain { name.to_owned() } else { packed() }));
    }
    headers
}

/// Returns the value at a pointer (RFC 6901); null if there is none.
pub(super) fn value_at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

pub(super) fn error(id: &Value, why: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": OURS, "message": why}})
}
