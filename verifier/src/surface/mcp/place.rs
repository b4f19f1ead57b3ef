//! The addresses of MCP, and the connections behind each.

use datalog::{ConnectionName, RawRequest};
use http::request::Parts;

use crate::entrance::Scope;
use crate::gateway::Gateway;

/// The connections behind one MCP address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum McpPlace {
    Everything,
    One(ConnectionName),
}

impl McpPlace {
    pub(crate) fn holds(&self, connection: &ConnectionName) -> bool {
        match self {
            Self::Everything => true,
            Self::One(name) => name == connection,
        }
    }
}

/// Returns the MCP address that a request is for, if it is for one. A service's own path comes first.
pub(crate) fn asked(gateway: &Gateway, parts: &Parts, scope: &Scope) -> Option<McpPlace> {
    let path = parts.uri.path();
    let is_own = |name: &ConnectionName| {
        gateway.authority.connection(name).is_some_and(|connection| {
            let raw = RawRequest::new("POST", "/mcp");
            connection.service.classify(&connection.name, &connection.account, &raw).is_ok()
        })
    };
    let name = match (scope, path) {
        (Scope::Shared, "/mcp") => return Some(McpPlace::Everything),
        (Scope::Shared, path) => path.strip_prefix('/')?.strip_suffix("/mcp")?.parse().ok()?,
        (Scope::Connection(name), "/mcp") => name.clone(),
        (Scope::Connection(_), _) => return None,
    };
    (!is_own(&name)).then_some(McpPlace::One(name))
}
