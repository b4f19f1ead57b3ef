//! What a pass is confined to, in the words of the flags: the same where one is minted and where one is narrowed.
//!
//! Nothing here grants. Read against the connections that are meant, it becomes caveats, budgets and redactions.

use biscuit_auth::builder::{Check, Fact};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::arguments::{self, Arguments};
use crate::budget::Asked;
use crate::compose;
use crate::conditions;
use crate::hours::Hours;
use crate::provenance::{self, Provenance};
use crate::resources;
use crate::terms::{self, Reach, TermError};

/// Limits as they were typed; in JSON and in a template's file each has its flag's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Narrowing {
    /// `30m`
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Addresses that may be reached, and domains: nobody else, where there are any.
    pub to: Vec<String>,
    #[serde(rename = "to-domain")]
    pub to_domains: Vec<String>,
    /// Nobody is reached who does not take part in the thread already.
    pub to_thread_participants: bool,
    /// `repo=octo/hello`: nothing else of that kind, and one of these.
    #[serde(rename = "resource")]
    pub resources: Vec<String>,
    /// `gmail.users.messages.list: maxResults<=10`.
    #[serde(rename = "arg")]
    pub args: Vec<String>,
    /// Kinds of things of which only those are touched that an earlier answer has shown, or this lineage created.
    pub only_seen: Vec<String>,
    pub only_created: Vec<String>,
    /// `24h`, `today@Europe/Berlin`: from when on what answers show has to be.
    pub newer_than: Vec<String>,
    pub max_items: Vec<String>,
    /// Fields that answers do not show, by dotted path.
    pub redact: Vec<String>,
    /// `mon-fri 09:00-17:00 Europe/Berlin`; any of them.
    pub during: Vec<String>,
    /// `send=3`, `send=3/h`, `recipients=5`, `bytes=10MB`.
    #[serde(rename = "limit")]
    pub limits: Vec<String>,
    /// Datalog checks over the vocabulary.
    #[serde(rename = "check")]
    pub checks: Vec<String>,
}

/// A narrowing that was understood.
#[derive(Debug)]
pub(crate) struct Narrow {
    pub begins: Option<OffsetDateTime>,
    /// How long, where that is said.
    pub lasts: Option<Duration>,
    limits: Vec<Asked>,
    redacted: Vec<Fact>,
    /// What stands before the budgets' checks, and after them.
    limiting: Vec<Check>,
    further: Vec<Check>,
}

impl Narrowing {
    pub(crate) fn read(&self, reach: &[Reach<'_>], now: OffsetDateTime) -> Result<Narrow, TermError> {
        let limits = limits(&self.limits, reach)?;
        let begins = self.not_before.as_deref().map(terms::date).transpose()?;
        let lasts = self.duration.as_deref().map(terms::duration).transpose()?;
        Ok(Narrow {
            begins,
            lasts,
            limits,
            limiting: self.limiting(reach, now)?,
            redacted: conditions::redact(&self.redact, reach)?,
            further: self.checks.iter().map(|text| terms::check(text, reach)).collect::<Result<_, _>>()?,
        })
    }

    fn limiting(&self, reach: &[Reach<'_>], now: OffsetDateTime) -> Result<Vec<Check>, TermError> {
        let mut checks = Vec::new();
        checks.extend(terms::recipients(&self.to, &self.to_domains)?);
        checks.extend(self.to_thread_participants.then(compose::in_thread));
        let read = |text: &String| arguments::read(text, reach);
        let arguments: Vec<Arguments> = self.args.iter().map(read).collect::<Result<_, _>>()?;
        checks.extend(resources::caveats(&self.resources, reach)?);
        checks.extend(arguments::caveats(&arguments));
        checks.extend(provenance::caveats(Provenance::Seen, &self.only_seen, reach)?);
        checks.extend(provenance::caveats(Provenance::Created, &self.only_created, reach)?);
        checks.extend(conditions::newer_than(&self.newer_than, reach, now)?);
        checks.extend(conditions::max_items(&self.max_items, reach)?);
        let hours: Vec<Hours> = self.during.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        checks.extend(compose::during(&hours));
        Ok(checks)
    }
}

impl Narrow {
    /// The facts of the budgets, which are called as `name` says, and of what is redacted.
    pub(crate) fn facts(&self, name: impl Fn(&Asked) -> String) -> Vec<Fact> {
        let budgets = self.limits.iter().flat_map(|asked| compose::budget(&name(asked), asked).0);
        budgets.chain(self.redacted.iter().cloned()).collect()
    }

    /// The caveats, but for the end: a new pass always has one.
    pub(crate) fn caveats(&self, name: impl Fn(&Asked) -> String) -> Vec<Check> {
        let mut checks: Vec<Check> = self.begins.map(compose::from).into_iter().collect();
        checks.extend(self.limiting.iter().cloned());
        checks.extend(self.limits.iter().map(|asked| compose::budget(&name(asked), asked).1));
        checks.extend(self.further.iter().cloned());
        checks
    }
}

/// Budgets, each once.
fn limits(texts: &[String], reach: &[Reach<'_>]) -> Result<Vec<Asked>, TermError> {
    let mut limits: Vec<Asked> = Vec::new();
    for text in texts {
        let asked = Asked::read(text, reach)?;
        if limits.iter().any(|known| known.to_string() == asked.to_string()) {
            return Err(TermError::LimitTwice(asked.to_string()));
        }
        limits.push(asked);
    }
    Ok(limits)
}
