//! Templates: sets of flags for `mint`, as files that a person reads and copies.
//!
//! Some are built in. A person's own are `HOME/templates/NAME.toml`, and override built-in ones of the same name. A
//! template grants nothing by itself and can say only what flags can say: it is read into flags.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{fs, io};

use datalog::{Hinted, MintArgs, Narrowing, flags};
use serde::{Deserialize, Serialize};

use crate::home::Home;

const EMBEDDED: [(&str, &str); 7] = [
    ("calendar-assistant", include_str!("../templates/calendar-assistant.toml")),
    ("drive-researcher", include_str!("../templates/drive-researcher.toml")),
    ("inbox-triage", include_str!("../templates/inbox-triage.toml")),
    ("issue-triager", include_str!("../templates/issue-triager.toml")),
    ("pr-reviewer", include_str!("../templates/pr-reviewer.toml")),
    ("release-notes", include_str!("../templates/release-notes.toml")),
    ("slack-digest", include_str!("../templates/slack-digest.toml")),
];

/// A template as its file has it: each list is a flag of `mint`.
#[derive(Debug, Clone, Default)]
struct Flags {
    own: TemplateHead,
    narrow: Narrowing,
}

/// The keys of a template that are not limits.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct TemplateHead {
    about: String,
    task: String,
    services: Vec<String>,
    /// Kinds for which a `--resource` must be given.
    needs_resource: Vec<String>,
    allow: Vec<String>,
    ask: Vec<String>,
    deny: Vec<String>,
}

/// The keys of `TemplateHead`. Every other key is a limit.
const OWN: [&str; 7] = ["about", "task", "services", "needs-resource", "allow", "ask", "deny"];

impl Flags {
    fn read(text: &str) -> Result<Self, toml::de::Error> {
        let (own, narrow): (toml::Table, toml::Table) =
            text.parse::<toml::Table>()?.into_iter().partition(|(key, _)| OWN.contains(&key.as_str()));
        Ok(Self { own: own.try_into()?, narrow: narrow.try_into()? })
    }
}

/// The source of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    Program,
    /// The person's own file.
    Own,
}

/// One template.
#[derive(Debug, Clone)]
pub struct Template {
    pub name: String,
    pub origin: Origin,
    /// The unchanged file, with its comments.
    pub text: String,
    flags: Flags,
}

#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("there is no template `{got}`")]
    Unknown { got: String, known: String },
    #[error("`{path}` cannot be read: {error}", path = path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("the template `{name}` is not understood: {because}")]
    Syntax { name: String, because: String },
    #[error("the template `{name}` needs a `{kind}`: expected --resource {kind}=ID, got none")]
    Needs { name: String, kind: String },
}

impl Hinted for TemplateError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { known, .. } => Some(format!("there are {known}")),
            Self::Io { .. } => None,
            Self::Syntax { .. } => Some("its keys are the flags of `hallpass mint`".into()),
            Self::Needs { name, .. } => Some(format!("`hallpass templates show {name}` says what it is for")),
        }
    }
}

/// All templates by name. If a file cannot be read, its error stands here.
pub(crate) type Shelf = BTreeMap<String, Result<Template, TemplateError>>;

/// Loads every template of a home. A person's own file takes the place of a built-in template of that name, even if the
/// file cannot be read.
pub(crate) fn load(home: &Home) -> Result<Shelf, TemplateError> {
    let mut shelf = Shelf::new();
    for (name, text) in EMBEDDED {
        shelf.insert(name.to_owned(), Template::read(name, Origin::Program, text.to_owned()));
    }
    let folder = home.dir().join("templates");
    let files = match fs::read_dir(&folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(shelf),
        Err(error) => return Err(TemplateError::Io { path: folder, error }),
    };
    for file in files {
        let path = file.map_err(|error| TemplateError::Io { path: folder.clone(), error })?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".toml")) else {
            continue;
        };
        let text = fs::read_to_string(&path).map_err(|error| TemplateError::Io { path: path.clone(), error });
        shelf.insert(name.to_owned(), text.and_then(|text| Template::read(name, Origin::Own, text)));
    }
    Ok(shelf)
}

/// Returns the template of that name.
pub(crate) fn find(home: &Home, name: &str) -> Result<Template, TemplateError> {
    let mut shelf = load(home)?;
    shelf.remove(name).unwrap_or_else(|| {
        Err(TemplateError::Unknown {
            got: name.chars().take(80).collect(),
            known: shelf.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        })
    })
}

impl Template {
    fn read(name: &str, origin: Origin, text: String) -> Result<Self, TemplateError> {
        let flags = Flags::read(&text).map_err(|error| TemplateError::Syntax {
            name: name.to_owned(),
            because: error.message().to_owned(),
        })?;
        Ok(Self { name: name.to_owned(), origin, text, flags })
    }

    /// Returns the template's purpose, in a line.
    pub fn about(&self) -> &str {
        &self.flags.own.about
    }

    pub fn services(&self) -> &[String] {
        &self.flags.own.services
    }

    /// Returns the flags that must be added before minting, as the beginning of each `--resource`.
    pub fn lacks(&self) -> impl Iterator<Item = String> {
        self.flags.own.needs_resource.iter().map(|kind| format!("{kind}="))
    }

    /// Returns the request to mint with these flags and the template. A single value, or a limit or an argument with
    /// the same subject, overrides the template's. Every other flag is added to the template's.
    pub fn with(self, given: MintArgs) -> Result<MintArgs, TemplateError> {
        let Self { name, flags: Flags { own, narrow }, .. } = self;
        let narrow = narrow.and(given.narrow);
        let resources = narrow.values(&flags::RESOURCE);
        let lacks =
            |kind: &&String| !resources.iter().any(|one| one.split('=').next() == Some(kind.as_str()));
        if let Some(kind) = own.needs_resource.iter().find(lacks) {
            return Err(TemplateError::Needs { name, kind: kind.clone() });
        }
        Ok(MintArgs {
            task: if given.task.is_empty() { own.task } else { given.task },
            allow: joined(own.allow, given.allow),
            ask: joined(own.ask, given.ask),
            deny: joined(own.deny, given.deny),
            services: if given.connections.is_empty() { own.services } else { Vec::new() },
            narrow,
            ..given
        })
    }
}

fn joined(mut own: Vec<String>, given: Vec<String>) -> Vec<String> {
    own.extend(given);
    own
}

#[cfg(test)]
#[path = "templates_tests.rs"]
mod tests;
