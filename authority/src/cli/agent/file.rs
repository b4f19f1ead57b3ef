//! A client's settings, with the block put in or taken out and everything else left as it is.
//!
//! A file that cannot be read strictly (JSON with comments, for example) is not touched: the person is shown the block.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use datalog::json::Json;
use toml_edit::{DocumentMut, Item};

use super::clients::{AgentClient, AgentEntry, NAME, SettingsForm, server, table};
use crate::cli::failure::Failure;
use crate::home;

/// The table of a TOML file under which a client keeps its servers.
const TABLES: &str = "mcp_servers";

/// What came of taking the block out.
pub(super) enum Removal {
    Done,
    NotThere,
}

pub(super) fn add(client: &AgentClient, path: &Path, entry: &AgentEntry) -> Result<(), Failure> {
    let before = read(path)?;
    let text = match client.form {
        SettingsForm::Json(key, shape) => {
            let mut settings = object(path, &before)?;
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
        SettingsForm::Toml => put_table(path, &before, entry)?,
    };
    write(path, &before, &text)
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
        Some(without) => write(path, &text, &without).map(|()| Removal::Done),
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
fn write(path: &Path, before: &str, text: &str) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::failed(format!("`{}` cannot be written: {error}", path.display()));
    // A link stays a link: people keep such files elsewhere.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = place.parent().ok_or_else(|| Failure::failed("the settings have no folder"))?;
    fs::create_dir_all(folder).map_err(failed)?;
    let mut beside = place.clone().into_os_string();
    beside.push(".hallpass");
    let beside = PathBuf::from(beside);
    // One that was left here by a write that broke off.
    let _ = fs::remove_file(&beside);
    // Settings may hold tokens, so the new file is private from its first byte.
    home::create_private_file(&beside, text.as_bytes()).map_err(Failure::failed)?;
    let replaced = replace(&place, &beside, || Ok(read(path)? == before), failed);
    if replaced.is_err() {
        // The error that is returned says more than one about this file.
        let _ = fs::remove_file(&beside);
    }
    replaced
}

fn replace(
    place: &Path,
    beside: &Path,
    is_unchanged: impl Fn() -> Result<bool, Failure>,
    failed: impl Fn(std::io::Error) -> Failure,
) -> Result<(), Failure> {
    if let Ok(before) = fs::metadata(place) {
        fs::set_permissions(beside, before.permissions()).map_err(&failed)?;
    }
    if !is_unchanged()? {
        return Err(Failure::failed(format!("`{}` was changed meanwhile", place.display()))
            .or_hint("run this again; nothing was written"));
    }
    fs::rename(beside, place).map_err(failed)
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
    Failure::failed(format!("`{}` cannot be changed safely, so it was left as it is: {why}", path.display()))
        .or_hint("`--print` shows the block to put in by hand")
}

fn pretty(settings: Members) -> String {
    serde_json::to_string_pretty(&Json::Object(settings)).unwrap_or_default() + "\n"
}

/// Reads settings so that comments and other tables stay as they are.
fn document(path: &Path, text: &str) -> Result<DocumentMut, Failure> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        unread(path, &format!("it is not TOML: {}", error.message().trim_end()))
    })
}

fn put_table(path: &Path, text: &str, entry: &AgentEntry) -> Result<String, Failure> {
    let mut settings = document(path, text)?;
    let own = document(path, &table(entry))?;
    let mut block = own.get(TABLES).and_then(|tables| tables.get(NAME)).cloned().unwrap_or_default();
    if let Some(table) = block.as_table_mut() {
        // It goes after every other table.
        table.set_position(None);
    }
    let mut tables = toml_edit::Table::new();
    tables.set_implicit(true);
    let tables = settings.entry(TABLES).or_insert(Item::Table(tables));
    let tables = tables.as_table_like_mut().ok_or_else(|| unread(path, "its list of servers is no table"))?;
    tables.insert(NAME, block);
    Ok(settings.to_string())
}

/// Returns the text without the block's table; none if it has no such table.
fn without_table(path: &Path, text: &str) -> Result<Option<String>, Failure> {
    let mut settings = document(path, text)?;
    let tables = settings.get_mut(TABLES).and_then(Item::as_table_like_mut);
    let removed = tables.and_then(|tables| tables.remove(NAME));
    Ok(removed.map(|_| settings.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::agent::clients::named;

    fn entry() -> AgentEntry {
        AgentEntry { program: "/opt/hall \"pass\"".into(), template: "inbox-triage".into(), home: None }
    }

    /// Adds the block to these settings of Codex, and takes it out again.
    fn both(before: &str) -> (Result<String, String>, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, before).unwrap();
        let codex = named("codex").unwrap();
        let added = add(codex, &path, &entry()).map_err(|failure| failure.message);
        let added = added.map(|()| fs::read_to_string(&path).unwrap());
        if added.is_ok() {
            assert!(is_added(codex, &path));
            assert!(matches!(remove(codex, &path).unwrap_or_else(|_| panic!()), Removal::Done));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the settings");
        (added, fs::read_to_string(&path).unwrap())
    }

    #[test]
    fn everything_else_in_toml_settings_stays() {
        for before in [
            "",
            "model = \"o\" # mine\n",
            "# first\n[mcp_servers.other] # theirs\ncommand = \"x\"\n\n[tui]\ntheme = 1\n# last\n",
            "note = \"\"\"\n[mcp_servers.hallpass]\n\"\"\"\n",
            "mcp_servers.other.command = \"x\"\n",
            "mcp_servers = { other = { command = \"x\" } }\n",
        ] {
            let (added, after) = both(before);
            let added: toml::Table = added.unwrap().parse().unwrap();
            assert_eq!(
                added["mcp_servers"][NAME]["command"].as_str(),
                Some("/opt/hall \"pass\""),
                "{before}"
            );
            assert_eq!(after.trim_end(), before.trim_end());
        }
    }

    #[test]
    fn a_block_in_another_form_is_replaced() {
        for before in [
            "[mcp_servers]\n\"hallpass\" = { command = \"old\" }\nother = { command = \"x\" }\n",
            "[ mcp_servers . 'hallpass' ]\ncommand = \"old\"\n[ mcp_servers . hallpass . env ]\nA = \"b\"\n[mcp_servers.other]\ncommand = \"x\"\n",
        ] {
            let (added, after) = both(before);
            assert!(!added.unwrap().contains("old"), "{before}");
            let after: toml::Table = after.parse().unwrap();
            assert_eq!(after["mcp_servers"]["other"]["command"].as_str(), Some("x"));
            assert!(after["mcp_servers"].get(NAME).is_none());
        }
    }

    #[test]
    fn settings_that_are_not_understood_are_left_as_they_are() {
        for before in ["mcp_servers = 1\n", "[mcp_servers\n", "[[mcp_servers]]\na = 1\n"] {
            let (added, after) = both(before);
            assert!(added.unwrap_err().contains("left as it is"), "{before}");
            assert_eq!(after, before);
        }
    }

    #[test]
    fn settings_that_changed_meanwhile_are_not_overwritten_and_stay_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        fs::write(&path, "{}").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(write(&path, "{\"read\": 1}", "{\"new\": 1}").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "{}");
        write(&path, "{}", "{\"new\": 1}").unwrap_or_else(|failure| panic!("{}", failure.message));
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"new\": 1}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
