//! A client's settings, with the block put in or taken out and everything else left as it is.
//!
//! A file that cannot be read strictly (JSON with comments, for example) is not touched: the person is shown the block.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use datalog::json::Json;

use super::clients::{AgentClient, AgentEntry, NAME, SettingsForm, server, table};
use crate::cli::failure::Failure;

/// What came of taking the block out.
pub(super) enum Removal {
    Done,
    NotThere,
}

pub(super) fn add(client: &AgentClient, path: &Path, entry: &AgentEntry) -> Result<(), Failure> {
    let text = read(path)?;
    let text = match client.form {
        SettingsForm::Json(key, shape) => {
            let mut settings = object(path, &text)?;
            if !settings.iter().any(|(name, _)| name == key) {
                settings.push((key.to_owned(), Json::Object(Vec::new())));
            }
            let own = server(shape, entry).to_string();
            let own = Json::parse(own.as_bytes()).map_err(|error| Failure::failed(error.to_string()))?;
            let servers = servers(&mut settings, key)
                .ok_or_else(|| unread(path, "its list of servers is no object"))?;
            match servers.iter_mut().find(|(name, _)| name == NAME) {
                Some((_, before)) => *before = own,
                None => servers.push((NAME.to_owned(), own)),
            }
            pretty(settings)
        }
        SettingsForm::Toml => {
            let rest = without_table(path, &text)?.unwrap_or(text);
            let gap = if rest.is_empty() || rest.ends_with("\n\n") { "" } else { "\n" };
            format!("{rest}{gap}{}", table(entry))
        }
    };
    write(path, &text)
}

pub(super) fn remove(client: &AgentClient, path: &Path) -> Result<Removal, Failure> {
    let text = read(path)?;
    let without = match client.form {
        SettingsForm::Json(key, _) => {
            let mut settings = object(path, &text)?;
            let servers = servers(&mut settings, key);
            let place = servers.as_ref().and_then(|all| all.iter().position(|(name, _)| name == NAME));
            servers.zip(place).map(|(servers, place)| servers.remove(place)).map(|_| pretty(settings))
        }
        SettingsForm::Toml => without_table(path, &text)?,
    };
    match without {
        Some(text) => write(path, &text).map(|()| Removal::Done),
        None => Ok(Removal::NotThere),
    }
}

pub(super) fn is_added(client: &AgentClient, path: &Path) -> bool {
    let Ok(text) = read(path) else { return false };
    match client.form {
        SettingsForm::Json(key, _) => object(path, &text).is_ok_and(|mut settings| {
            servers(&mut settings, key).is_some_and(|all| all.iter().any(|(name, _)| name == NAME))
        }),
        SettingsForm::Toml => without_table(path, &text).is_ok_and(|found| found.is_some()),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::failed(format!("`{}` cannot be read: {error}", path.display()))),
        Ok(text) => Ok(text),
    }
}

/// Replaces the file in one step, so that a client never reads half of it.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::failed(format!("`{}` cannot be written: {error}", path.display()));
    // A link stays a link: people keep such files elsewhere.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = place.parent().ok_or_else(|| Failure::failed("the settings have no folder"))?;
    fs::create_dir_all(folder).map_err(failed)?;
    let mut beside = place.clone().into_os_string();
    beside.push(".hallpass");
    fs::write(&beside, text).map_err(failed)?;
    if let Ok(before) = fs::metadata(&place) {
        fs::set_permissions(&beside, before.permissions()).map_err(failed)?;
    }
    fs::rename(&beside, &place).map_err(failed)
}

type Members = Vec<(String, Json)>;

/// Reads settings with their members in order, so that nothing else moves.
fn object(path: &Path, text: &str) -> Result<Members, Failure> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    match Json::parse(text.as_bytes()) {
        Ok(Json::Object(settings)) => Ok(settings),
        Ok(_) => Err(unread(path, "it is no object")),
        Err(error) => Err(unread(path, &error.to_string())),
    }
}

fn servers<'a>(settings: &'a mut Members, key: &str) -> Option<&'a mut Members> {
    match settings.iter_mut().find(|(name, _)| name == key) {
        Some((_, Json::Object(servers))) => Some(servers),
        _ => None,
    }
}

fn unread(path: &Path, why: &str) -> Failure {
    Failure::failed(format!("`{}` is not plain JSON, so it was left as it is: {why}", path.display()))
        .or_hint("`--print` shows the block to put in by hand")
}

fn pretty(settings: Members) -> String {
    serde_json::to_string_pretty(&Json::Object(settings)).unwrap_or_default() + "\n"
}

/// Returns the text without the block's table; none if it has no such table.
fn without_table(path: &Path, text: &str) -> Result<Option<String>, Failure> {
    let parsed: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        Failure::failed(format!(
            "`{}` is not TOML, so it was left as it is: {}",
            path.display(),
            error.message()
        ))
    })?;
    let servers = parsed.get("mcp_servers").and_then(toml::Value::as_table);
    if !servers.is_some_and(|servers| servers.contains_key(NAME)) {
        return Ok(None);
    }
    let own = |line: &str| {
        let line = line.trim();
        line == format!("[mcp_servers.{NAME}]") || line.starts_with(&format!("[mcp_servers.{NAME}."))
    };
    let (mut kept, mut is_own) = (String::new(), false);
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with('[') {
            is_own = own(line);
        }
        if !is_own {
            kept.push_str(line);
        }
    }
    let again: Option<toml::Table> = kept.parse().ok();
    let is_gone =
        again.is_some_and(|again| again.get("mcp_servers").is_none_or(|servers| servers.get(NAME).is_none()));
    match is_gone {
        true => Ok(Some(kept)),
        false => Err(Failure::failed(format!(
            "`{}` writes the block in another form, so it was left as it is",
            path.display()
        ))
        .or_hint("take it out by hand")),
    }
}
