//! MCP beside the base URL: every case whose requests a tool can make gets the same decision, the same request to the
//! service, the same record, budgets and questions. Its answers are texts for a model, and are compared by their code.

use std::net::SocketAddr;
use std::sync::Arc;

use datalog::RawRequest;
use serde_json::{Map, Value, json};
use verifier::direct::{DirectAnswer, End, Got};
use verifier::ports::Connection;

use super::case::{Act, Case, Meant};
use super::surfaces::Surface;
use crate::common::{Stage, exchange, request};

/// A connection that a pass does not cover has no tools.
pub(super) const NO_TOOL: &str = "no such tool";

/// Calls of tools, as a client of the older era sends them.
pub(super) struct Tools {
    address: SocketAddr,
    connections: Vec<Arc<Connection>>,
}

impl Tools {
    pub(super) fn on(stage: &Stage) -> Self {
        Self { address: stage.address, connections: stage.authority.all() }
    }

    /// The tool and the arguments that make this request; none if no tool does.
    fn call(&self, meant: &Meant) -> Option<(String, Value)> {
        let connection = self.connections.iter().find(|one| one.name.as_str() == meant.connection)?;
        let raw = RawRequest {
            query: meant.query.as_deref(),
            content_type: meant.content_type,
            body: &meant.body,
            ..RawRequest::new(meant.method, &meant.path)
        };
        let request = connection.service.classify(&connection.name, &connection.account, &raw).ok()?;
        let mut arguments = Map::new();
        let segments = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
        let (address, path) = (request.operation.address(), segments(&meant.path));
        let template = segments(address.split_once(' ').unwrap().1);
        if template.len() != path.len() {
            return None;
        }
        for (part, value) in template.iter().zip(path) {
            let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else { continue };
            // A pinned parameter is no argument.
            if request.arguments.iter().any(|one| &*one.name == name) {
                arguments.insert(name.to_owned(), json!(value));
            }
        }
        for pair in meant.query.iter().flat_map(|query| query.split('&')) {
            let (name, value) = pair.split_once('=')?;
            let typed = value.parse::<i64>().map_or_else(|_| json!(value), |number| json!(number));
            if arguments.insert(name.to_owned(), typed).is_some() || value.contains(['%', '+']) {
                return None;
            }
        }
        if !meant.body.is_empty() {
            let Ok(Value::Object(fields)) = serde_json::from_slice(&meant.body) else { return None };
            arguments.extend(fields);
        }
        // A letter is a tool's own to write, and a header is not a tool's.
        let is_raw = ["raw", "message"].iter().any(|name| arguments.contains_key(*name));
        if is_raw || !meant.headers.is_empty() {
            return None;
        }
        let fold = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let name: String =
            format!("{}.{}", connection.name, request.operation.own_id()).chars().map(fold).collect();
        Some((name, Value::Object(arguments)))
    }
}

/// Whether tools can make every request of a case, and MCP shows as much of a refusal as the base URL does.
pub(super) fn can_play(tools: &Tools, case: &Case) -> bool {
    let tried = |act: &Act| match act {
        Act::Asks { meant, comes, .. } => {
            let shows_it = *comes == "200" || comes.parse::<u16>().is_err();
            shows_it && tools.call(meant).is_some()
        }
        Act::Happens(_) => true,
    };
    case.acts.iter().all(tried)
}

/// How long the case's agent waits for a person.
pub(super) fn waits(case: &Case) -> u64 {
    let wait = |act: &Act| match act {
        Act::Asks { meant, .. } => meant.wait,
        Act::Happens(_) => 0,
    };
    case.acts.iter().map(wait).max().unwrap_or_default()
}

impl Surface for Tools {
    fn asks(&mut self, pass: &str, meant: &Meant) -> Got {
        let (name, arguments) = self.call(meant).expect("a tool makes it");
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}});
        let pass = format!("Authorization: Bearer {pass}");
        let lines = [pass.as_str(), "Content-Type: application/json", "MCP-Protocol-Version: 2025-11-25"];
        let reply = exchange(self.address, &request("POST", "/mcp", &lines, body.to_string().as_bytes()));
        let answer = reply.json();
        if answer.get("error").is_some_and(|error| error["code"] == -32_602) {
            return Got::Stopped(Map::from_iter([("code".to_owned(), json!(NO_TOOL))]));
        }
        let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_default();
        let problem = text.split_once('\n').and_then(|(_, line)| serde_json::from_str(line).ok());
        match (problem, answer.get("code")) {
            (Some(problem), _) => Got::Stopped(problem),
            (None, Some(code)) => Got::Stopped(Map::from_iter([("code".to_owned(), code.clone())])),
            (None, None) => {
                let end = if text.ends_with("its answer broke off") { End::CutOff } else { End::Whole };
                let body = text.as_bytes().to_vec();
                Got::Answer(DirectAnswer { status: reply.status, headers: Vec::new(), body, end })
            }
        }
    }
}
