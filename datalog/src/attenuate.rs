//! Attenuating: a holder makes a narrower pass of its own, offline, without any key.
//!
//! A block can only add caveats. What the child loses is worked out from the catalog, not taken on trust.

use std::sync::Arc;

use biscuit_auth::UnverifiedBiscuit;
use biscuit_auth::builder::BlockBuilder;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::admission::MAX_TEXT;
use crate::budget::Asked;
use crate::can::{self, Possible};
use crate::catalog::Service;
use crate::compose;
use crate::content::{self, Content, PREFIX, ReadError};
use crate::narrowing::Narrowing;
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
    pub narrow: Narrowing,
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
    let content = Content::read(&bytes).map_err(|error| TermError::Internal(error.to_string()))?;
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
    let narrow = args.narrow.read(&reach, now)?;
    checks.extend(narrow.lasts.map(|lasts| compose::until(now.saturating_add(lasts))));
    // A parent may have a budget of the same name; the number of the block keeps them apart.
    let name = |asked: &Asked| format!("{asked}#{}", parent.blocks.len());
    checks.extend(narrow.caveats(name));
    let facts = narrow.facts(name);
    if checks.is_empty() && facts.is_empty() {
        return Err(AttenuateError::Nothing);
    }
    let internal = |error: biscuit_auth::error::Token| TermError::Internal(error.to_string());
    let mut block = BlockBuilder::new();
    for fact in facts {
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
