//! Templates: flags of `mint` that belong together, as files that a person reads and copies.
//!
//! Some come with the program; a person's own are `HOME/templates/NAME.toml` and win over those of the same name.
//! A template grants nothing by itself, and says nothing that flags could not: it is read into them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use datalog::MintArgs;
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
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Flags {
    about: String,
    task: String,
    services: Vec<String>,
    /// Kinds of which a `--resource` has to be given.
    needs_resource: Vec<String>,
    #[serde(rename = "for")]
    duration: Option<String>,
    allow: Vec<String>,
    ask: Vec<String>,
    deny: Vec<String>,
    to: Vec<String>,
    to_domain: Vec<String>,
    to_thread_participants: bool,
    resource: Vec<String>,
    arg: Vec<String>,
    only_seen: Vec<String>,
    only_created: Vec<String>,
    newer_than: Vec<String>,
    max_items: Vec<String>,
    redact: Vec<String>,
    during: Vec<String>,
    limit: Vec<String>,
    check: Vec<String>,
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
        "the template `{name}` says what the form has no field for: {flags}\nhint: `hallpass mint --template {name}` takes it"
    )]
    Unsaid { name: String, flags: String },
    #[error(
        "the template `{name}` needs a `{kind}`: expected --resource {kind}=ID, got none\nhint: `hallpass templates show {name}` says what it is for"
    )]
    Needs { name: String, kind: String },
}

/// Every template of a home, by name.
pub fn load(home: &Home) -> Result<BTreeMap<String, Template>, TemplateError> {
    let mut templates = BTreeMap::new();
    for (name, text) in EMBEDDED {
        templates.insert(name.to_owned(), Template::read(name, Origin::Program, text.to_owned())?);
    }
    let folder = home.dir().join("templates");
    let files = match fs::read_dir(&folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(templates),
        Err(error) => return Err(TemplateError::Io { path: folder, error }),
    };
    for file in files {
        let path = file.map_err(|error| TemplateError::Io { path: folder.clone(), error })?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".toml")) else {
            continue;
        };
        let text =
            fs::read_to_string(&path).map_err(|error| TemplateError::Io { path: path.clone(), error })?;
        templates.insert(name.to_owned(), Template::read(name, Origin::Own, text)?);
    }
    Ok(templates)
}

/// The template of that name.
pub fn find(home: &Home, name: &str) -> Result<Template, TemplateError> {
    let mut templates = load(home)?;
    templates.remove(name).ok_or_else(|| TemplateError::Unknown {
        got: name.chars().take(80).collect(),
        known: templates.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    })
}

impl Template {
    fn read(name: &str, origin: Origin, text: String) -> Result<Self, TemplateError> {
        let flags = toml::from_str(&text).map_err(|error: toml::de::Error| TemplateError::Syntax {
            name: name.to_owned(),
            because: error.message().to_owned(),
        })?;
        Ok(Self { name: name.to_owned(), origin, text, flags })
    }

    /// What it is for, in a line.
    pub fn about(&self) -> &str {
        &self.flags.about
    }

    pub fn services(&self) -> &[String] {
        &self.flags.services
    }

    /// What has to be added before it can be minted, as the beginning of each `--resource`.
    pub fn lacks(&self) -> impl Iterator<Item = String> {
        self.flags.needs_resource.iter().map(|kind| format!("{kind}="))
    }

    /// What is minted when these flags are given beside it. A single value and a limit or an argument of the same
    /// subject win over the template's; every other flag adds to it.
    pub fn with(self, given: MintArgs) -> Result<MintArgs, TemplateError> {
        let Self { name, flags, .. } = self;
        let resources = joined(flags.resource, given.resources);
        let lacks =
            |kind: &&String| !resources.iter().any(|one| one.split('=').next() == Some(kind.as_str()));
        if let Some(kind) = flags.needs_resource.iter().find(lacks) {
            return Err(TemplateError::Needs { name, kind: kind.clone() });
        }
        Ok(MintArgs {
            task: if given.task.is_empty() { flags.task } else { given.task },
            allow: joined(flags.allow, given.allow),
            ask: joined(flags.ask, given.ask),
            deny: joined(flags.deny, given.deny),
            duration: given.duration.or(flags.duration),
            to: joined(flags.to, given.to),
            to_domains: joined(flags.to_domain, given.to_domains),
            to_thread_participants: flags.to_thread_participants || given.to_thread_participants,
            resources,
            args: replaced(flags.arg, given.args, |text| {
                text.split(':').next().unwrap_or_default().to_owned()
            }),
            only_seen: joined(flags.only_seen, given.only_seen),
            only_created: joined(flags.only_created, given.only_created),
            newer_than: joined(flags.newer_than, given.newer_than),
            max_items: joined(flags.max_items, given.max_items),
            redact: joined(flags.redact, given.redact),
            during: if given.during.is_empty() { flags.during } else { given.during },
            limits: replaced(flags.limit, given.limits, budget),
            services: if given.connections.is_empty() { flags.services } else { Vec::new() },
            checks: joined(flags.check, given.checks),
            ..given
        })
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
