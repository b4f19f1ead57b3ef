//! Attenuating: a holder makes a narrower pass of its own, offline, without any key.
//!
//! A block can only add caveats. What the child loses is worked out from the catalog, not taken on trust.

use std::sync::Arc;

use biscuit_auth::UnverifiedBiscuit;
use biscuit_auth::builder::BlockBuilder;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::admission::MAX_TEXT;
use crate::arguments;
use crate::can::{self, Possible};
use crate::catalog::Service;
use crate::compose;
use crate::conditions;
use crate::content::{self, Content, PREFIX, ReadError};
use crate::mint;
use crate::provenance::{self, Provenance};
use crate::resources;
use crate::selector::Target;
use crate::terms::{self, Reach, TermError};

/// The flags that narrow.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttenuateArgs {
    /// Nothing but these.
    pub only: Vec<String>,
    pub ask: Vec<String>,
    pub deny: Vec<String>,
    pub duration: Option<String>,
    pub not_before: Option<String>,
    pub to: Vec<String>,
    pub to_domains: Vec<String>,
    /// Nobody is reached who does not take part in the thread already.
    pub to_thread_participants: bool,
    pub resources: Vec<String>,
    pub args: Vec<String>,
    pub only_seen: Vec<String>,
    pub only_created: Vec<String>,
    pub newer_than: Vec<String>,
    pub max_items: Vec<String>,
    pub redact: Vec<String>,
    pub during: Vec<String>,
    pub limits: Vec<String>,
    pub checks: Vec<String>,
}

/// A narrower pass.
pub struct Attenuated {
    pub text: String,
    pub content: Content,
    /// What the parent could do and the child cannot, or only after asking.
    pub loses: Vec<Loss>,
}

/// One operation that a child lost, wholly or in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    pub connection: String,
    pub operation: String,
    pub before: Possible,
    pub after: Possible,
}

/// Why a pass could not be narrowed.
#[derive(Debug, thiserror::Error)]
pub enum AttenuateError {
    #[error("this is not a pass: {0}")]
    Read(#[from] ReadError),
    #[error(transparent)]
    Term(#[from] TermError),
    #[error("the pass is sealed: nothing can be attenuated from it")]
    Sealed,
    #[error(
        "nothing to narrow by: expected at least one of --only, --ask, --deny, --for, --not-before, --to, --to-domain, --to-thread-participants, --resource, --arg, --only-seen, --only-created, --newer-than, --max-items, --redact, --during, --limit, --check"
    )]
    Nothing,
}

/// Adds one block to the pass.
pub fn attenuate(
    text: &str,
    args: &AttenuateArgs,
    services: &[Arc<Service>],
    now: OffsetDateTime,
) -> Result<Attenuated, AttenuateError> {
    let bytes = content::decode(text)?;
    let parent = Content::read(&bytes)?;
    let block = block(args, &parent, services, now)?;
    let token = UnverifiedBiscuit::from(&bytes).map_err(|_| ReadError::Format)?;
    let child = token.append(block).map_err(|error| match error {
        biscuit_auth::error::Token::AlreadySealed => AttenuateError::Sealed,
        error => TermError::Internal(error.to_string()).into(),
    })?;
    let bytes = child.to_vec().map_err(|error| TermError::Internal(error.to_string()))?;
    let text = content::encode(&bytes);
    let length = text.len() - PREFIX.len();
    if length > MAX_TEXT {
        return Err(TermError::TooLong { got: length, max: MAX_TEXT }.into());
    }
    let content = Content::read(&bytes)?;
    let loses = losses(&parent, &content, services);
    Ok(Attenuated { text, content, loses })
}

fn block(
    args: &AttenuateArgs,
    parent: &Content,
    services: &[Arc<Service>],
    now: OffsetDateTime,
) -> Result<BlockBuilder, AttenuateError> {
    let reach: Vec<Reach<'_>> = parent
        .connections
        .iter()
        .filter_map(|one| {
            let service = services.iter().find(|service| service.name == one.service)?;
            Some(Reach { connection: &one.name, service })
        })
        .collect();
    let targets = |texts: &[String]| {
        texts.iter().map(|text| terms::target(text, &reach)).collect::<Result<Vec<Target>, TermError>>()
    };
    let mut checks = Vec::new();
    checks.extend(compose::only(&targets(&args.only)?));
    checks.extend(targets(&args.deny)?.iter().map(compose::elsewhere));
    checks.extend(targets(&args.ask)?.iter().map(compose::ask));
    if let Some(duration) = &args.duration {
        checks.push(compose::until(now.saturating_add(terms::duration(duration)?)));
    }
    if let Some(begins) = &args.not_before {
        checks.push(compose::from(terms::date(begins)?));
    }
    checks.extend(terms::recipients(&args.to, &args.to_domains)?);
    checks.extend(args.to_thread_participants.then(compose::in_thread));
    checks.extend(resources::caveats(&args.resources, &reach)?);
    let arguments =
        args.args.iter().map(|text| arguments::read(text, &reach)).collect::<Result<Vec<_>, TermError>>()?;
    checks.extend(arguments::caveats(&arguments));
    checks.extend(provenance::caveats(Provenance::Seen, &args.only_seen, &reach)?);
    checks.extend(provenance::caveats(Provenance::Created, &args.only_created, &reach)?);
    checks.extend(conditions::newer_than(&args.newer_than, &reach, now)?);
    checks.extend(conditions::max_items(&args.max_items, &reach)?);
    let hours = args.during.iter().map(|text| text.parse()).collect::<Result<Vec<_>, _>>();
    checks.extend(compose::during(&hours.map_err(TermError::from)?));
    for text in &args.checks {
        checks.push(terms::check(text, &reach)?);
    }
    let mut block = BlockBuilder::new();
    let internal = |error: biscuit_auth::error::Token| TermError::Internal(error.to_string());
    for asked in mint::limits(&args.limits, &reach)? {
        // A parent may have a budget of the same name; the number of the block keeps them apart.
        let name = format!("{asked}#{}", parent.blocks.len());
        let (facts, check) = compose::budget(&name, &asked);
        for fact in facts {
            block = block.fact(fact).map_err(internal)?;
        }
        checks.push(check);
    }
    let redacted = conditions::redact(&args.redact, &reach)?;
    if checks.is_empty() && redacted.is_empty() {
        return Err(AttenuateError::Nothing);
    }
    for fact in redacted {
        block = block.fact(fact).map_err(internal)?;
    }
    for check in checks {
        block = block.check(check).map_err(internal)?;
    }
    Ok(block)
}

fn losses(parent: &Content, child: &Content, services: &[Arc<Service>]) -> Vec<Loss> {
    let before = can::table(parent, services);
    let after = can::table(child, services);
    before
        .into_iter()
        .zip(after)
        .filter(|(before, after)| before.possible != after.possible)
        .map(|(before, after)| Loss {
            connection: before.connection,
            operation: before.operation,
            before: before.possible,
            after: after.possible,
        })
        .collect()
}
