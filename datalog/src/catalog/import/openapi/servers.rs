//! Where requests go: the first server with an absolute URL, or else the first server. Variables have their defaults.
//!
//! An operation's own servers come before its path's, and those before the description's. Nobody guesses which of
//! several servers a person means: a note says which one is used, and `base_url` chooses another.

use serde_json::Value;

use super::super::schema::Schemas;
use crate::catalog::import::draft::host_of;
use crate::catalog::import::openapi::json::string;

/// A host, and the prefix of every path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Server {
    /// Empty if the description names no host.
    pub(crate) host: String,
    pub(crate) prefix: String,
}

/// The server of a description, a path or an operation; none if it names no server.
pub(crate) fn server_of(value: &Value) -> Option<Server> {
    let servers = value.get("servers").and_then(Value::as_array)?;
    let all: Vec<Server> = servers.iter().filter_map(read).collect();
    let absolute = all.iter().find(|server| !server.host.is_empty());
    absolute.or(all.first()).cloned()
}

/// Reports choices that a person may want to change.
pub(crate) fn note_choices(schemas: &mut Schemas<'_>, document: &Value, chosen: &Server) {
    let servers = document.get("servers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if chosen.host.is_empty() {
        schemas.note("the description names no host: the service needs a `base_url`");
    } else if servers.len() > 1 {
        schemas.note(format!(
            "of {} servers requests go to {}{}: `base_url` in hallpass.toml names another host",
            servers.len(),
            chosen.host,
            chosen.prefix
        ));
    }
    for server in servers.iter().filter(|server| read(server).as_ref() == Some(chosen)).take(1) {
        for (name, variable) in server.get("variables").and_then(Value::as_object).into_iter().flatten() {
            let value = string(variable, "default").unwrap_or_default();
            schemas.note(format!(
                "the server's `{}` is taken as `{}`: `base_url` in hallpass.toml names another host",
                name.escape_debug(),
                value.escape_debug()
            ));
        }
        if string(server, "url").is_some_and(|url| url.starts_with("http://")) {
            schemas.note(format!(
                "the server {} is described without TLS: requests go to it over TLS",
                chosen.host
            ));
        }
    }
}

fn read(server: &Value) -> Option<Server> {
    let mut url = string(server, "url")?.to_owned();
    for (name, variable) in server.get("variables").and_then(Value::as_object).into_iter().flatten() {
        url = url.replace(&format!("{{{name}}}"), string(variable, "default").unwrap_or_default());
    }
    let host = host_of(&url);
    let path = match (&host, url.split_once("://")) {
        (Some(_), Some((_, after))) => after.split_once('/').map(|(_, path)| path).unwrap_or_default(),
        (None, None) => url.as_str(),
        _ => return None,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let prefix: String =
        path.split('/').filter(|segment| !segment.is_empty()).map(|segment| format!("/{segment}")).collect();
    Some(Server { host: host.unwrap_or_default(), prefix })
}
