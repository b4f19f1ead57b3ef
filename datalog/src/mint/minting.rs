//! Minting: turns a person's flags into the text of a pass.
//!
//! The pass is built from values, and the code that will judge it reads it back. So nobody gets a pass that the
//! gateway would refuse.

use std::sync::Arc;

use biscuit_auth::Biscuit;
use biscuit_auth::builder::{BiscuitBuilder, Check, Fact};
use biscuit_auth::macros::fact;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::catalog::selector::{Selector, Target};
use crate::catalog::{Operation, Service};
use crate::caveats::budget::Budget;
use crate::caveats::check::warning::Warning;
use crate::caveats::duration::until;
use crate::caveats::grants;
use crate::caveats::narrow::Narrow;
use crate::caveats::narrowing::Narrowing;
use crate::caveats::reach::TargetConnection;
use crate::caveats::term_error::TermError;
use crate::decision::approval::Quorum;
use crate::engine::admission::MAX_TEXT;
use crate::mint::{advice, can};
use crate::pass::content::{self, Answer, Content, PREFIX};
use crate::pass::keys::RootKeyPair;
use crate::pass::verify;
use crate::words::effect::Effects;
use crate::words::message::Message;
use crate::words::names::{Account, ApproverName, ConnectionName, PassId};

/// How long a pass lasts by default.
pub(crate) const DEFAULT_DURATION: Duration = Duration::minutes(30);
const MAX_TASK: usize = 200;
const MOST_APPROVERS: usize = 10;

/// A person's flags, as they were typed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MintArgs {
    pub task: String,
    pub allow: Vec<String>,
    pub ask: Vec<String>,
    pub deny: Vec<String>,
    /// How many distinct approvers an ask needs; one by default.
    pub approvers: Option<u32>,
    /// Who may approve; anybody if it is empty.
    pub approve_by: Vec<ApproverName>,
    /// The connections meant by a target that names none.
    pub connections: Vec<String>,
    /// Only connections to these services; any if there are none.
    pub services: Vec<String>,
    /// The limits. Without a duration the pass lasts 30 minutes.
    pub narrow: Narrowing,
}

/// A connection that a pass can be minted for.
#[derive(Debug, Clone)]
pub struct KnownConnection {
    pub name: ConnectionName,
    pub account: Account,
    pub service: Arc<Service>,
}

/// The checked content of a future pass.
#[derive(Debug)]
pub struct MintTerms {
    task: String,
    connections: Vec<KnownConnection>,
    grants: Vec<(Answer, ConnectionName, Selector)>,
    begins: OffsetDateTime,
    ends: OffsetDateTime,
    quorum: Quorum,
    narrow: Narrow,
}

/// A pass, and what its minter keeps.
pub struct Minted {
    /// The pass itself: whoever holds it can use it.
    pub text: String,
    pub id: PassId,
    pub expires: OffsetDateTime,
    pub content: Content,
    /// Warnings: parts that do not do what they seem to, and parts that are wider than people usually mean.
    pub warnings: Vec<Message>,
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
            return Err(TermError::NoGrant);
        }
        let mut reach = connections_within(&args.connections, known)?;
        if !args.services.is_empty() {
            reach.retain(|one| args.services.iter().any(|name| name == one.service.name.as_str()));
            if reach.is_empty() {
                return Err(TermError::NoService(format!("`{}`", args.services.join("`, `"))));
            }
        }
        let mut grants = Vec::new();
        for (answer, texts) in [(Answer::Allow, &args.allow), (Answer::Ask, &args.ask)] {
            for text in texts {
                let target = crate::caveats::reach::target(text, &reach)?;
                let on = meant(&target, &reach, &args.connections, text)?;
                grants.extend(on.into_iter().map(|name| (answer, name, target.selector.clone())));
            }
        }
        let named = |one: &&TargetConnection<'_>| grants.iter().any(|(_, name, _)| name == one.connection);
        let reach: Vec<TargetConnection<'_>> = reach.iter().filter(named).copied().collect();
        for text in &args.deny {
            let target = crate::caveats::reach::target(text, &reach)?;
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
        Ok(Self { task, connections, grants, begins, ends, quorum, narrow })
    }

    /// Warns the person where the pass does less or more than it seems to.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.narrow.warnings.clone();
        for (answer, connection, selector) in &self.grants {
            let service = self.connections.iter().find(|one| one.name == *connection).map(|one| &one.service);
            if let (Answer::Allow, Selector::Operation(id), Some(service)) = (answer, selector, service)
                && let Some(operation) = service.operation(id)
            {
                let effects = self.brought(connection, operation);
                let (connection, operation) = (connection.to_string(), id.to_string());
                let brings = Warning::Brings { connection, operation, effects };
                if !effects.is_empty() && !warnings.contains(&brings) {
                    warnings.push(brings);
                }
            }
        }
        warnings
    }

    /// The effects that arguments cause and that no other grant mentions.
    fn brought(&self, connection: &ConnectionName, operation: &Operation) -> Effects {
        let own = || self.grants.iter().filter(|(_, on, _)| on == connection);
        let covers = |(answer, _, selector): &(Answer, ConnectionName, Selector), effect| match selector {
            Selector::Effect(known) => *known == effect,
            Selector::Operation(_) | Selector::Glob { .. } => {
                *answer != Answer::Allow && selector.matches(operation)
            }
        };
        let brought = operation.conditions.iter().flat_map(|condition| condition.effects.iter());
        brought.filter(|effect| !own().any(|grant| covers(grant, *effect))).collect()
    }

    /// Signs the pass. A pass that could never do anything is refused.
    pub fn mint(&self, id: &PassId, key: &RootKeyPair) -> Result<Minted, TermError> {
        let minted = self.sign(id, key)?;
        let services: Vec<Arc<Service>> = self.connections.iter().map(|one| one.service.clone()).collect();
        let rows = can::rows(&minted.content, &services);
        advice::sense(&minted.content, &rows)?;
        let of_checks = self.warnings().into_iter().map(Message::from);
        let warnings = of_checks.chain(advice::of_pass(&minted.content, &rows, self.begins)).collect();
        Ok(Minted { warnings, ..minted })
    }

    /// Signs the pass like `mint`, whatever it could do. It serves to judge what a stranger could have made.
    pub fn sign(&self, id: &PassId, key: &RootKeyPair) -> Result<Minted, TermError> {
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
        // A pass stores whole seconds, and its own check may end it sooner.
        let told = verify::moment(content.expires);
        let expires = if self.ends - told < Duration::SECOND { self.ends } else { told };
        Ok(Minted { text, id: id.clone(), expires, content, warnings: Vec::new() })
    }

    fn facts(&self, id: &PassId) -> Vec<Fact> {
        let mut facts = vec![
            fact!(r#"pass_id({id})"#, id = id.as_str()),
            fact!(r#"task({task})"#, task = self.task.as_str()),
        ];
        for connection in &self.connections {
            let name = &connection.name;
            facts.push(grants::connected(
                name,
                connection.service.name.as_str(),
                connection.account.as_str(),
            ));
            for answer in Answer::ALL {
                let own = self.grants.iter().filter(|(a, on, _)| *a == answer && on == name);
                let mut selectors: Vec<&Selector> = own.map(|(_, _, selector)| selector).collect();
                selectors.sort();
                selectors.dedup();
                facts.extend(grants::grants(answer.as_str(), name, &selectors));
            }
        }
        facts.extend(self.quorum.facts());
        facts.extend(self.narrow.facts(Budget::to_string));
        facts
    }

    fn caveats(&self) -> Vec<Check> {
        let mut checks = vec![until(self.ends), grants::same_account()];
        checks.extend(self.narrow.caveats(Budget::to_string));
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

fn connections_within<'a>(
    names: &[String],
    known: &'a [KnownConnection],
) -> Result<Vec<TargetConnection<'a>>, TermError> {
    let all = |one: &'a KnownConnection| TargetConnection {
        connection: &one.name,
        account: &one.account,
        service: &one.service,
    };
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

/// The connections of a target: the named one, the chosen ones, or the only one that fits.
fn meant(
    target: &Target,
    reach: &[TargetConnection<'_>],
    chosen: &[String],
    text: &str,
) -> Result<Vec<ConnectionName>, TermError> {
    if let Some(name) = &target.connection {
        return Ok(vec![name.clone()]);
    }
    let has = |one: &&TargetConnection<'_>| one.service.operations.iter().any(|o| target.selector.matches(o));
    let fitting: Vec<ConnectionName> = reach.iter().filter(has).map(|one| one.connection.clone()).collect();
    if fitting.len() > 1 && chosen.is_empty() {
        let list = fitting.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        return Err(TermError::Ambiguous { target: text.to_owned(), connections: list });
    }
    Ok(fitting)
}
