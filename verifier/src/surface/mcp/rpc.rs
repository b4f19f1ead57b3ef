//! JSON-RPC 2.0 as MCP uses it: one object in, one object out, both strict.

use datalog::json::Json;
use http::StatusCode;
use serde_json::{Value, json};

/// The id of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Id {
    Text(String),
    Number(i64),
}

/// One message from a client.
#[derive(Debug)]
pub(crate) struct Rpc {
    /// None for a notification.
    pub id: Option<Id>,
    pub method: String,
    /// An object; empty if there are no parameters.
    pub params: Json,
}

/// Why a message has no result. Decisions of a pass are never one of these.
#[derive(Debug)]
pub(crate) struct RpcError {
    pub status: StatusCode,
    code: i32,
    message: String,
    data: Option<Value>,
}

const PARSE: i32 = -32_700;
const REQUEST: i32 = -32_600;
const METHOD: i32 = -32_601;
const PARAMS: i32 = -32_602;
/// A header and the body say different things (MCP 2026-07-28).
const HEADER: i32 = -32_020;
/// The client's version of the protocol is not spoken here (MCP 2026-07-28).
const VERSION: i32 = -32_022;

impl RpcError {
    fn new(status: StatusCode, code: i32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), data: None }
    }

    fn request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, REQUEST, message)
    }

    pub(crate) fn params(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, PARAMS, message)
    }

    pub(crate) fn header(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, HEADER, message)
    }

    pub(crate) fn version(requested: &str, supported: &[&str]) -> Self {
        let data = json!({"supported": supported, "requested": requested});
        let error =
            Self::new(StatusCode::BAD_REQUEST, VERSION, "this version of the protocol is not supported");
        Self { data: Some(data), ..error }
    }

    /// Returns the error of a tool that does not exist. A client shows it as a failed call, and goes on.
    pub(crate) fn no_tool(message: impl Into<String>) -> Self {
        Self::new(StatusCode::OK, PARAMS, message)
    }

    pub(crate) fn no_method(status: StatusCode, method: &str) -> Self {
        let shown: String = method.chars().take(60).flat_map(char::escape_debug).collect();
        Self::new(status, METHOD, format!("there is no method `{shown}`"))
    }

    pub(crate) fn answer(&self, id: Option<&Id>) -> Value {
        let mut error = json!({"code": self.code, "message": self.message});
        if let (Some(data), Some(fields)) = (&self.data, error.as_object_mut()) {
            fields.insert("data".into(), data.clone());
        }
        json!({"jsonrpc": "2.0", "id": shown(id), "error": error})
    }
}

impl Rpc {
    /// Reads one message. The id comes beside the error, as far as it can be read.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, (Option<Id>, RpcError)> {
        let parsed = Json::parse(bytes)
            .map_err(|error| (None, RpcError::new(StatusCode::BAD_REQUEST, PARSE, error.to_string())))?;
        let Json::Object(members) = parsed else {
            return Err((None, RpcError::request("expected one object: batches are not supported")));
        };
        let id = members.iter().find(|(name, _)| name == "id").map(|(_, id)| read_id(id));
        let id = id.transpose().map_err(|error| (None, error))?;
        match read_members(members) {
            Ok((method, params)) => Ok(Self { id, method, params }),
            Err(error) => Err((id, error)),
        }
    }

    /// Returns the whole answer with this result.
    pub(crate) fn result(id: &Id, result: &Value) -> Value {
        json!({"jsonrpc": "2.0", "id": shown(Some(id)), "result": result})
    }
}

fn read_id(id: &Json) -> Result<Id, RpcError> {
    match id {
        Json::String(text) if text.len() <= 200 => Ok(Id::Text(text.clone())),
        Json::Int(number) => Ok(Id::Number(*number)),
        _ => Err(RpcError::request("the id is not a text or a whole number")),
    }
}

fn read_members(members: Vec<(String, Json)>) -> Result<(String, Json), RpcError> {
    let (mut version, mut method, mut params) = (None, None, Json::Object(Vec::new()));
    for (name, value) in members {
        match (name.as_str(), value) {
            ("jsonrpc", Json::String(text)) => version = Some(text),
            ("method", Json::String(text)) => method = Some(text),
            ("params", object @ Json::Object(_)) => params = object,
            ("id", _) => {}
            ("result" | "error", _) => return Err(RpcError::request("nothing was asked of the client")),
            _ => {
                let shown: String = name.chars().take(60).flat_map(char::escape_debug).collect();
                return Err(RpcError::request(format!("the member `{shown}` is not one of a request")));
            }
        }
    }
    if version.as_deref() != Some("2.0") {
        return Err(RpcError::request("expected `\"jsonrpc\": \"2.0\"`"));
    }
    let method = method.ok_or_else(|| RpcError::request("the method is missing"))?;
    Ok((method, params))
}

fn shown(id: Option<&Id>) -> Value {
    match id {
        Some(Id::Text(text)) => json!(text),
        Some(Id::Number(number)) => json!(number),
        None => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> i32 {
        Rpc::read(text.as_bytes()).map(|rpc| rpc.method).unwrap_err().1.code
    }

    #[test]
    fn one_strict_object_is_read() {
        let rpc = Rpc::read(br#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#).unwrap();
        assert_eq!((rpc.id, rpc.method.as_str()), (Some(Id::Text("a".into())), "ping"));
        assert_eq!(Rpc::read(br#"{"jsonrpc":"2.0","method":"notifications/x"}"#).unwrap().id, None);
        for (text, code) in [
            ("", PARSE),
            ("{", PARSE),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, PARSE),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}"#, PARSE),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, REQUEST),
            (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, REQUEST),
            (r#"{"id":1,"method":"ping"}"#, REQUEST),
            (r#"{"jsonrpc":"2.0","id":1}"#, REQUEST),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, REQUEST),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","more":1}"#, REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, REQUEST),
        ] {
            assert_eq!(refused(text), code, "{text}");
        }
    }
}
