//! MCP clients that a command line can tell of a server: Claude Code, Codex and opencode.
//!
//! `hallpass run … -- claude` needs no configuration: the client is told of the gateway's MCP address, and reads the pass
//! from its environment. The pass stands in no argument.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use serde_json::json;

use crate::config::OPENCODE_SETTINGS;

/// The server's name in a run. `hallpass agent add` writes `hallpass`, and clients merge servers of one name.
pub(super) const NAME: &str = "hallpass_run";

/// What a client is given so that it finds the server.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ClientFlags {
    /// Words before the command's own arguments.
    pub arguments: Vec<OsString>,
    /// One more variable.
    pub variable: Option<(&'static str, String)>,
}

/// Returns what this program is given; none if it is no such client, runs one of its own commands, or has settings to
/// which a server cannot be added. `own` holds
/// the person's own settings of opencode.
pub(super) fn told(
    program: &OsStr,
    arguments: &[OsString],
    gateway: &str,
    own: Option<&OsStr>,
) -> Option<ClientFlags> {
    let name = Path::new(program).file_name()?.to_str()?;
    let url = format!("{gateway}/mcp");
    let begins_with_a_flag =
        arguments.first().is_none_or(|first| first.to_str().is_some_and(|first| first.starts_with('-')));
    let words = |words: &[String]| ClientFlags {
        arguments: words.iter().map(OsString::from).collect(),
        variable: None,
    };
    match name {
        // `claude mcp list` and the like take no such flag.
        "claude" if begins_with_a_flag => {
            let headers = json!({"Authorization": "Bearer ${HALLPASS_PASS}"});
            let servers = json!({"mcpServers": {NAME: {"type": "http", "url": url, "headers": headers}}});
            Some(words(&["--mcp-config".into(), servers.to_string()]))
        }
        "codex" => Some(words(&[
            "-c".into(),
            format!("mcp_servers.{NAME}.url=\"{url}\""),
            "-c".into(),
            format!("mcp_servers.{NAME}.bearer_token_env_var=\"HALLPASS_PASS\""),
        ])),
        "opencode" => {
            let headers = json!({"Authorization": "Bearer {env:HALLPASS_PASS}"});
            let server = json!({"type": "remote", "url": url, "headers": headers, "oauth": false});
            let mut settings = match own {
                Some(own) => serde_json::from_str(own.to_str()?).ok()?,
                None => json!({}),
            };
            let servers = settings.as_object_mut()?.entry("mcp").or_insert_with(|| json!({}));
            servers.as_object_mut()?.insert(NAME.to_owned(), server);
            Some(ClientFlags {
                variable: Some((OPENCODE_SETTINGS, settings.to_string())),
                ..ClientFlags::default()
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(program: &str, arguments: &[&str]) -> Option<ClientFlags> {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        told(OsStr::new(program), &arguments, "http://127.0.0.1:7411", None)
    }

    #[test]
    fn a_persons_own_settings_stay() {
        let variable = |own: &'static str| {
            told(OsStr::new("opencode"), &[], "http://127.0.0.1:7411", Some(OsStr::new(own)))
                .map(|told| told.variable.unwrap().1)
        };
        let settings = variable(r#"{"theme": "dark", "mcp": {"other": {"type": "local"}}}"#).unwrap();
        let settings: serde_json::Value = serde_json::from_str(&settings).unwrap();
        assert_eq!(settings["theme"], "dark");
        assert_eq!(settings["mcp"]["other"]["type"], "local");
        assert_eq!(settings["mcp"][NAME]["oauth"], false);
        assert_eq!(variable("{\"mcp\": []}"), None, "such settings are left as they are");
        assert_eq!(variable("// {}"), None);
    }

    #[test]
    fn a_client_is_told_of_the_server_and_not_of_the_pass() {
        let claude = given("/usr/local/bin/claude", &["-p", "hi"]).unwrap();
        assert_eq!(claude.arguments[0], "--mcp-config");
        assert!(claude.arguments[1].to_str().unwrap().contains("http://127.0.0.1:7411/mcp"));
        assert_eq!(given("claude", &["mcp", "list"]), None);
        assert_eq!(given("codex", &["exec", "hi"]).unwrap().arguments.len(), 4);
        assert!(given("opencode", &[]).unwrap().variable.is_some());
        assert_eq!(given("python", &["claude"]), None);
    }
}
