//! Templates: flags of `mint` that belong together, as files that a person reads and copies.
//!
//! Some come with the program; a person's own are `HOME/templates/NAME.toml` and win over those of the same name.
//! A template grants nothing by itself, and says nothing that flags could not: it is read into them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use datalog::{MintArgs, Narrowing};
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

/// A template as it stands in its file: each list is a flag of `mint`.
#[derive(Debug, Clone, Default)]
struct Flags {
    own: Own,
    narrow: Narrowing,
}

/// What a template says beside what it is confined to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Own {
    about: String,
    task: String,
    services: Vec<String>,
    /// Kinds of which a `--resource` has to be given.
    needs_resource: Vec<String>,
    allow: Vec<String>,
    ask: Vec<String>,
    deny: Vec<String>,
}

/// The keys of `Own`; every other one is of the narrowing.
const OWN: [&str; 7] = ["about", "task", "services", "needs-resource", "allow", "ask", "deny"];

impl Flags {
    fn read(text: &str) -> Result<Self, toml::de::Error> {
        let (own, narrow): (toml::Table, toml::Table) =
            text.parse::<toml::Table>()?.into_iter().partition(|(key, _)| OWN.contains(&key.as_str()));
        Ok(Self { own: own.try_into()?, narrow: narrow.try_into()? })
    }
}

/// Where a template comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    Program,
    /// A file of the person's own.
    Own,
}

/// One template.
#[derive(Debug, Clone)]
pub struct Template {
    pub name: String,
    pub origin: Origin,
    /// The file as it is, with its comments.
    pub text: String,
    flags: Flags,
}

#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("there is no template `{got}`\nhint: there are {known}")]
    Unknown { got: String, known: String },
    #[error("`{path}` cannot be read: {error}", path = path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error(
        "the template `{name}` is not understood: {because}\nhint: its keys are the flags of `hallpass mint`"
    )]
    Syntax { name: String, because: String },
    #[error(
        "the template `{name}` needs a `{kind}`: expected --resource {kind}=ID, got none\nhint: `hallpass templates show {name}` says what it is for"
    )]
    Needs { name: String, kind: String },
}

/// Templates by name, and what is wrong with the file of one that is not understood.
pub type Shelf = BTreeMap<String, Result<Template, TemplateError>>;

/// Every template of a home. A file of a person's own takes its name, understood or not.
pub fn load(home: &Home) -> Result<Shelf, TemplateError> {
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

/// The template of that name.
pub fn find(home: &Home, name: &str) -> Result<Template, TemplateError> {
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

    /// What it is for, in a line.
    pub fn about(&self) -> &str {
        &self.flags.own.about
    }

    pub fn services(&self) -> &[String] {
        &self.flags.own.services
    }

    /// What has to be added before it can be minted, as the beginning of each `--resource`.
    pub fn lacks(&self) -> impl Iterator<Item = String> {
        self.flags.own.needs_resource.iter().map(|kind| format!("{kind}="))
    }

    /// What is minted when these flags are given beside it. A single value and a limit or an argument of the same
    /// subject win over the template's; every other flag adds to it.
    pub fn with(self, given: MintArgs) -> Result<MintArgs, TemplateError> {
        let Self { name, flags: Flags { own, narrow }, .. } = self;
        let narrow = confined(narrow, given.narrow);
        let lacks =
            |kind: &&String| !narrow.resources.iter().any(|one| one.split('=').next() == Some(kind.as_str()));
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

fn confined(own: Narrowing, given: Narrowing) -> Narrowing {
    Narrowing {
        duration: given.duration.or(own.duration),
        not_before: given.not_before.or(own.not_before),
        to: joined(own.to, given.to),
        to_domains: joined(own.to_domains, given.to_domains),
        to_thread_participants: own.to_thread_participants || given.to_thread_participants,
        resources: joined(own.resources, given.resources),
        args: replaced(own.args, given.args, |text| text.split(':').next().unwrap_or_default().to_owned()),
        only_seen: joined(own.only_seen, given.only_seen),
        only_created: joined(own.only_created, given.only_created),
        newer_than: joined(own.newer_than, given.newer_than),
        max_items: joined(own.max_items, given.max_items),
        redact: joined(own.redact, given.redact),
        during: if given.during.is_empty() { own.during } else { given.during },
        limits: replaced(own.limits, given.limits, budget),
        checks: joined(own.checks, given.checks),
    }
}

fn joined(mut own: Vec<String>, given: Vec<String>) -> Vec<String> {
    own.extend(given);
    own
}

/// The template's, without those whose subject is given again, and what is given.
fn replaced(own: Vec<String>, given: Vec<String>, subject: impl Fn(&str) -> String) -> Vec<String> {
    let again: Vec<String> = given.iter().map(|text| subject(text)).collect();
    let kept = own.into_iter().filter(|text| !again.contains(&subject(text))).collect();
    joined(kept, given)
}

/// What a limit is about: `send=3/h` and `send=9/h` are the same, `send=3` is another.
fn budget(text: &str) -> String {
    let (what, size) = text.split_once('=').unwrap_or((text, ""));
    format!("{what}/{}", size.split_once('/').map_or("", |(_, window)| window))
}

#[cfg(test)]
#[path = "templates_tests.rs"]
mod tests;
