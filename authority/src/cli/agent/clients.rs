//! The clients: where each keeps its settings, and how the block looks there.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

/// The name of the block.
pub(super) const NAME: &str = "hallpass";

/// An MCP client.
#[derive(Debug)]
pub(super) struct AgentClient {
    pub name: &'static str,
    pub title: &'static str,
    /// The settings file, below the person's home directory.
    file: &'static str,
    /// The same on macOS, where it differs.
    file_on_macos: Option<&'static str>,
    pub form: SettingsForm,
}

/// How a client's settings hold its MCP servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SettingsForm {
    /// An object of servers under this key.
    Json(&'static str, ServerShape),
    Toml,
}

/// How one server looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerShape {
    /// `command`, `args`, `env`
    Command,
    /// The same with `"type": "stdio"`
    Typed,
    /// One list of words, `"type": "local"`, `environment`
    Words,
}

pub(super) static CLIENTS: [AgentClient; 6] = [
    AgentClient {
        name: "claude",
        title: "Claude Code",
        file: ".claude.json",
        file_on_macos: None,
        form: SettingsForm::Json("mcpServers", ServerShape::Typed),
    },
    AgentClient {
        name: "codex",
        title: "Codex",
        file: ".codex/config.toml",
        file_on_macos: None,
        form: SettingsForm::Toml,
    },
    AgentClient {
        name: "cursor",
        title: "Cursor",
        file: ".cursor/mcp.json",
        file_on_macos: None,
        form: SettingsForm::Json("mcpServers", ServerShape::Command),
    },
    AgentClient {
        name: "vscode",
        title: "VS Code",
        file: ".config/Code/User/mcp.json",
        file_on_macos: Some("Library/Application Support/Code/User/mcp.json"),
        form: SettingsForm::Json("servers", ServerShape::Typed),
    },
    AgentClient {
        name: "opencode",
        title: "opencode",
        file: ".config/opencode/opencode.json",
        file_on_macos: None,
        form: SettingsForm::Json("mcp", ServerShape::Words),
    },
    AgentClient {
        name: "gemini",
        title: "Gemini CLI",
        file: ".gemini/settings.json",
        file_on_macos: None,
        form: SettingsForm::Json("mcpServers", ServerShape::Command),
    },
];

/// The command that a client starts.
#[derive(Debug, Clone)]
pub(super) struct AgentEntry {
    pub program: PathBuf,
    pub template: String,
    /// The folder of the authority, if it is not the usual one.
    pub home: Option<PathBuf>,
}

/// Returns the client of this name.
pub(super) fn named(name: &str) -> Result<&'static AgentClient, String> {
    let known = || CLIENTS.iter().map(|client| client.name).collect::<Vec<_>>().join(", ");
    CLIENTS
        .iter()
        .find(|client| client.name == name)
        .ok_or_else(|| format!("`{name}` is no client that is known here: expected one of {}", known()))
}

impl AgentClient {
    pub(super) fn settings(&self, home: &Path) -> PathBuf {
        let file =
            if cfg!(target_os = "macos") { self.file_on_macos.unwrap_or(self.file) } else { self.file };
        home.join(file)
    }

    /// Returns the block as a person would write it by hand.
    pub(super) fn block(&self, entry: &AgentEntry) -> String {
        match self.form {
            SettingsForm::Json(key, shape) => {
                let block = json!({key: {NAME: server(shape, entry)}});
                serde_json::to_string_pretty(&block).unwrap_or_default() + "\n"
            }
            SettingsForm::Toml => table(entry),
        }
    }
}

fn words(entry: &AgentEntry) -> Vec<String> {
    ["mcp", "--template", &entry.template].map(str::to_owned).to_vec()
}

pub(super) fn server(shape: ServerShape, entry: &AgentEntry) -> Value {
    let program = entry.program.display().to_string();
    let mut server = Map::new();
    let mut set = |name: &str, value: Value| server.insert(name.to_owned(), value);
    match shape {
        ServerShape::Words => {
            set("type", json!("local"));
            set("command", json!([&[program][..], &words(entry)].concat()));
            set("enabled", json!(true));
        }
        ServerShape::Typed | ServerShape::Command => {
            if shape == ServerShape::Typed {
                set("type", json!("stdio"));
            }
            set("command", json!(program));
            set("args", json!(words(entry)));
        }
    }
    if let Some(home) = &entry.home {
        let name = if shape == ServerShape::Words { "environment" } else { "env" };
        set(name, json!({"HALLPASS_HOME": home.display().to_string()}));
    }
    Value::Object(server)
}

/// Returns the block of a client whose settings are TOML.
pub(super) fn table(entry: &AgentEntry) -> String {
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let args: Vec<String> = words(entry).iter().map(|word| text(word)).collect();
    let mut block = format!(
        "[mcp_servers.{NAME}]\ncommand = {}\nargs = [{}]\n",
        text(&entry.program.display().to_string()),
        args.join(", ")
    );
    if let Some(home) = &entry.home {
        block.push_str(&format!("env = {{ HALLPASS_HOME = {} }}\n", text(&home.display().to_string())));
    }
    block
}
