//! Attenuation: a holder makes a narrower pass, offline and without a key.
//!
//! A block can only add caveats. The catalog tells what the child loses.

use std::sync::Arc;

use biscuit_auth::UnverifiedBiscuit;
use biscuit_auth::builder::BlockBuilder;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::catalog::selector::Target;
use crate::catalog::{Operation, Service};
use crate::caveats::budget::Budget;
use crate::caveats::check::warning::Warning;
use crate::caveats::duration::until;
use crate::caveats::narrowing::Narrowing;
use crate::caveats::reach::TargetConnection;
use crate::caveats::term_error::TermError;
use crate::caveats::{flags, grants};
use crate::engine::admission::MAX_TEXT;
use crate::mint::advice;
use crate::mint::can::{self, Possible, Row};
use crate::pass::block::ReadError;
use crate::pass::content::{self, Content, PREFIX};
use crate::pass::verify::moment;
use crate::words::message::{Hinted, Message};
use crate::words::value::date_text;

/// The flags that narrow.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttenuateArgs {
    /// Targets. The child may do nothing else.
    pub only: Vec<String>,
    pub ask: Vec<String>,
    pub deny: Vec<String>,
    pub narrow: Narrowing,
}

/// A narrower pass.
pub struct Attenuated {
    pub text: String,
    pub content: Content,
    /// What the parent could do, but the child cannot or must ask for.
    pub loses: Vec<Loss>,
    /// Added restrictions that do not do what they seem to.
    pub warnings: Vec<Message>,
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
    #[error("the pass ended at {0}: nothing can be attenuated from it")]
    Ended(String),
    #[error("nothing to narrow by: expected at least one of {}", flags_that_narrow())]
    Nothing,
}

fn flags_that_narrow() -> String {
    let own = ["only", "ask", "deny"].into_iter();
    let names = own.chain(flags::ALL.iter().map(|flag| flag.name));
    names.map(|name| format!("--{name}")).collect::<Vec<_>>().join(", ")
}

impl Hinted for AttenuateError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Term(error) => error.hint(),
            Self::Read(_) | Self::Sealed | Self::Ended(_) | Self::Nothing => None,
        }
    }
}

/// Adds one block to the pass. A child that could never do anything is refused.
pub fn attenuate(
    text: &str,
    args: &AttenuateArgs,
    services: &[Arc<Service>],
    now: OffsetDateTime,
) -> Result<Attenuated, AttenuateError> {
    let parent = Content::read(&content::decode(text)?)?;
    if moment(parent.expires) < now {
        return Err(AttenuateError::Ended(date_text(parent.expires)));
    }
    let mut child = append(text, args, services, now)?;
    let after = can::rows(&child.content, services);
    advice::sense(&child.content, &after)?;
    child.warnings.extend(advice::of_block(&child.content, parent.blocks.len(), &after));
    Ok(Attenuated { loses: losses(&parent, after, services), ..child })
}

/// Adds one block like `attenuate`, even if the child could do nothing. It serves to judge what a stranger could have
/// made, and does not list the losses.
pub fn append(
    text: &str,
    args: &AttenuateArgs,
    services: &[Arc<Service>],
    now: OffsetDateTime,
) -> Result<Attenuated, AttenuateError> {
    let bytes = content::decode(text)?;
    let parent = Content::read(&bytes)?;
    let (block, warnings) = block(args, &parent, services, now)?;
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
    let warnings = warnings.into_iter().map(Message::from).collect();
    Ok(Attenuated { text, content, loses: Vec::new(), warnings })
}

fn block(
    args: &AttenuateArgs,
    parent: &Content,
    services: &[Arc<Service>],
    now: OffsetDateTime,
) -> Result<(BlockBuilder, Vec<Warning>), AttenuateError> {
    let reach: Vec<TargetConnection<'_>> = parent
        .connections
        .iter()
        .filter_map(|one| {
            let service = services.iter().find(|service| service.name == one.service)?;
            Some(TargetConnection { connection: &one.name, account: &one.account, service })
        })
        .collect();
    let targets = |texts: &[String]| {
        texts
            .iter()
            .map(|text| crate::caveats::reach::target(text, &reach))
            .collect::<Result<Vec<Target>, TermError>>()
    };
    let mut checks = Vec::new();
    checks.extend(grants::only(&targets(&args.only)?));
    checks.extend(targets(&args.deny)?.iter().map(grants::deny));
    checks.extend(targets(&args.ask)?.iter().map(grants::ask));
    let narrow = args.narrow.read(&reach, now)?;
    checks.extend(narrow.lasts.map(|lasts| until(now.saturating_add(lasts))));
    // A parent may have a budget of the same name; the number of the block keeps them apart.
    let name = |budget: &Budget| format!("{budget}#{}", parent.blocks.len());
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
    Ok((block, narrow.warnings))
}

fn losses(parent: &Content, after: Vec<(&Operation, Row)>, services: &[Arc<Service>]) -> Vec<Loss> {
    let before = can::table(parent, services);
    before
        .into_iter()
        .zip(after.into_iter().map(|(_, row)| row))
        .filter(|(before, after)| before.possible != after.possible)
        .map(|(before, after)| Loss {
            connection: before.connection,
            operation: before.operation,
            before: before.possible,
            after: after.possible,
        })
        .collect()
}
