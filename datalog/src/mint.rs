//! Minting: what a person asked for, to the text of a pass.
//!
//! The result is built from values and then read back by the same code that will judge it, so a pass that
//! the gateway would refuse is never handed out.

use std::sync::Arc;

use biscuit_auth::Biscuit;
use biscuit_auth::builder::{BiscuitBuilder, Check, Fact};
use biscuit_auth::macros::fact;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::admission::MAX_TEXT;
use crate::approval::Quorum;
use crate::budget::Asked;
use crate::catalog::Service;
use crate::compose;
use crate::content::{self, Answer, Content, PREFIX};
use crate::keys::RootKeyPair;
use crate::names::{Account, ApproverName, ConnectionName, PassId};
use crate::narrowing::{Narrow, Narrowing};
use crate::selector::{Selector, Target};
use crate::terms::{self, Reach, TermError};

/// How long a pass lasts where nothing else is said.
pub const DEFAULT_DURATION: Duration = Duration::minutes(30);
const MAX_TASK: usize = 200;
const MOST_APPROVERS: usize = 10;

/// What a person asks for, as it was typed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MintArgs {
    pub task: String,
    pub allow: Vec<String>,
    pub ask: Vec<String>,
    pub deny: Vec<String>,
    /// How many distinct approvers what is asked takes; one where it is absent.
    pub approvers: Option<u32>,
    /// Who they may be; anybody where it is empty.
    pub approve_by: Vec<ApproverName>,
    /// Which connections targets without one mean.
    pub connections: Vec<String>,
    /// Only connections to these services are meant; any where there are none.
    pub services: Vec<String>,
    /// What it is confined to. Where that does not say for how long, it is 30 minutes.
    pub narrow: Narrowing,
}

/// A connection that a pass can be minted for.
#[derive(Debug, Clone)]
pub struct KnownConnection {
    pub name: ConnectionName,
    pub account: Account,
    pub service: Arc<Service>,
}

/// What a pass will say, checked.
#[derive(Debug)]
pub struct MintTerms {
    task: String,
    connections: Vec<KnownConnection>,
    grants: Vec<(Answer, ConnectionName, Selector)>,
    ends: OffsetDateTime,
    quorum: Quorum,
    narrow: Narrow,
}

/// A pass, and what its minter keeps of it.
pub struct Minted {
    /// The pass itself: whoever holds it can use it.
    pub text: String,
    pub id: PassId,
    pub expires: OffsetDateTime,
    pub content: Content,
}

impl PassId {
    /// The id of 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        use base64::Engine;
        let text = format!("p_{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes));
        Self::unchecked(text)
    }
}

impl MintTerms {
    pub fn parse(args: &MintArgs, known: &[KnownConnection], now: OffsetDateTime) -> Result<Self, TermError> {
        let task = task(&args.task)?;
        if args.allow.is_empty() && args.ask.is_empty() {
            return Err(TermError::Missing(
                "the pass would allow nothing: expected at least one --allow or --ask\n\
                 hint: `--allow gmail:read` allows reading on the connection `gmail`",
            ));
        }
        let mut reach = within(&args.connections, known)?;
        if !args.services.is_empty() {
            reach.retain(|one| args.services.iter().any(|name| name == one.service.name.as_str()));
            if reach.is_empty() {
                return Err(TermError::NoService(format!("`{}`", args.services.join("`, `"))));
            }
        }
        let mut grants = Vec::new();
        for (answer, texts) in [(Answer::Allow, &args.allow), (Answer::Ask, &args.ask)] {
            for text in texts {
                let target = terms::target(text, &reach)?;
                let on = meant(&target, &reach, &args.connections, text)?;
                grants.extend(on.into_iter().map(|name| (answer, name, target.selector.clone())));
            }
        }
        let named = |one: &&Reach<'_>| grants.iter().any(|(_, name, _)| name == one.connection);
        let reach: Vec<Reach<'_>> = reach.iter().filter(named).copied().collect();
        for text in &args.deny {
            let target = terms::target(text, &reach)?;
            let on = reach
                .iter()
                .filter(|one| target.connection.as_ref().is_none_or(|name| name == one.connection));
            grants.extend(on.map(|one| (Answer::Deny, one.connection.clone(), target.selector.clone())));
        }
        let quorum = quorum(args)?;
        let narrow = args.narrow.read(&reach, now)?;
        let begins = narrow.begins.map_or(now, |begins| begins.max(now));
        let ends = begins.saturating_add(narrow.lasts.unwrap_or(DEFAULT_DURATION));
        let connections =
            known.iter().filter(|one| reach.iter().any(|r| *r.connection == one.name)).cloned().collect();
        Ok(Self { task, connections, grants, ends, quorum, narrow })
    }

    /// Signs the pass.
    pub fn mint(&self, id: &PassId, key: &RootKeyPair) -> Result<Minted, TermError> {
        let internal = |error: biscuit_auth::error::Token| TermError::Internal(error.to_string());
        let mut builder = BiscuitBuilder::new().root_key_id(key.id());
        for fact in self.facts(id) {
            builder = builder.fact(fact).map_err(internal)?;
        }
        for check in self.caveats() {
            builder = builder.check(check).map_err(internal)?;
        }
        let pair = key.pair().map_err(|error| internal(error.into()))?;
        let biscuit: Biscuit = builder.build(&pair).map_err(internal)?;
        let bytes = biscuit.to_vec().map_err(internal)?;
        let text = content::encode(&bytes);
        let length = text.len() - PREFIX.len();
        if length > MAX_TEXT {
            return Err(TermError::TooLong { got: length, max: MAX_TEXT });
        }
        let content = Content::read(&bytes).map_err(|error| TermError::Internal(error.to_string()))?;
        Ok(Minted { text, id: id.clone(), expires: self.ends, content })
    }

    fn facts(&self, id: &PassId) -> Vec<Fact> {
        let mut facts = vec![
            fact!(r#"pass_id({id})"#, id = id.as_str()),
            fact!(r#"task({task})"#, task = self.task.as_str()),
        ];
        for connection in &self.connections {
            let name = &connection.name;
            facts.push(compose::connected(
                name,
                connection.service.name.as_str(),
                connection.account.as_str(),
            ));
            for answer in Answer::ALL {
                let own = self.grants.iter().filter(|(a, on, _)| *a == answer && on == name);
                let mut selectors: Vec<&Selector> = own.map(|(_, _, selector)| selector).collect();
                selectors.sort();
                selectors.dedup();
                facts.extend(compose::grants(answer.as_str(), name, &selectors));
            }
        }
        facts.extend(self.quorum.facts());
        facts.extend(self.narrow.facts(Asked::to_string));
        facts
    }

    fn caveats(&self) -> Vec<Check> {
        let mut checks = vec![compose::until(self.ends), compose::same_account()];
        checks.extend(self.narrow.caveats(Asked::to_string));
        checks
    }
}

fn quorum(args: &MintArgs) -> Result<Quorum, TermError> {
    let mut of = args.approve_by.clone();
    of.sort();
    of.dedup();
    let count = args.approvers.unwrap_or(1);
    let may = if of.is_empty() { MOST_APPROVERS } else { of.len().min(MOST_APPROVERS) };
    if count == 0 || usize::try_from(count).map_or(true, |count| count > may) {
        return Err(TermError::Approvers { got: count, max: may });
    }
    if of.len() > MOST_APPROVERS {
        return Err(TermError::Approvers {
            got: u32::try_from(of.len()).unwrap_or(u32::MAX),
            max: MOST_APPROVERS,
        });
    }
    if args.ask.is_empty() && (args.approvers.is_some() || !of.is_empty()) {
        return Err(TermError::Missing(
            "approvers are named, but nothing is asked: expected at least one --ask",
        ));
    }
    Ok(Quorum { count, of })
}

fn task(text: &str) -> Result<String, TermError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TermError::Missing("a pass needs a task: expected its purpose in a few words"));
    }
    if text.chars().count() > MAX_TASK || text.chars().any(char::is_control) {
        return Err(TermError::Missing(
            "the task is longer than 200 characters, or has control characters in it",
        ));
    }
    Ok(text.to_owned())
}

fn within<'a>(names: &[String], known: &'a [KnownConnection]) -> Result<Vec<Reach<'a>>, TermError> {
    let all = |one: &'a KnownConnection| Reach { connection: &one.name, service: &one.service };
    for name in names {
        if !known.iter().any(|one| one.name.as_str() == name) {
            let list: Vec<String> = known.iter().map(|one| format!("`{}`", one.name)).collect();
            let list = if list.is_empty() { "none".into() } else { list.join(", ") };
            return Err(TermError::UnknownConnection { got: name.clone(), known: list });
        }
    }
    let wanted =
        |one: &&KnownConnection| names.is_empty() || names.iter().any(|name| name == one.name.as_str());
    Ok(known.iter().filter(wanted).map(all).collect())
}

/// The connections that a target means: the one it names, the chosen ones, or the only one that fits.
fn meant(
    target: &Target,
    reach: &[Reach<'_>],
    chosen: &[String],
    text: &str,
) -> Result<Vec<ConnectionName>, TermError> {
    if let Some(name) = &target.connection {
        return Ok(vec![name.clone()]);
    }
    let has = |one: &&Reach<'_>| one.service.operations.iter().any(|o| target.selector.matches(o));
    let fitting: Vec<ConnectionName> = reach.iter().filter(has).map(|one| one.connection.clone()).collect();
    if fitting.len() > 1 && chosen.is_empty() {
        let list = fitting.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        return Err(TermError::Ambiguous { target: text.to_owned(), connections: list });
    }
    Ok(fitting)
}
