//! `hallpass attenuate`: makes a holder's narrower pass, offline and without a key, and says what the child loses.

use clap::Args;
use datalog::attenuate;
use datalog::attenuate::{AttenuateArgs, Loss};
use datalog::can::Possible;
use datalog::response::{self, Covered};
use datalog::{AttenuateError, Message};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use time::OffsetDateTime;

use super::failure::Failure;
use super::narrow::NarrowFlags;
use super::pass_arg::PassArg;
use super::term::Tone;
use super::{said, when};
use crate::cli::context::Context;
use crate::cli::pass_name::not_a_pass;

/// This many losses are listed one by one.
const SAID: usize = 12;

/// Make a narrower pass from a pass, offline
///
/// The new pass can do less than the old one, never more. WHAT is as in `hallpass mint`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: CHILD=$(hallpass attenuate \"$PASS\" --only gmail.users.messages.list --for 5m)")]
pub(super) struct Attenuate {
    #[command(flatten)]
    pass: PassArg,
    /// Allow only this, of what the old pass allows
    #[arg(long, value_name = "WHAT")]
    only: Vec<String>,
    /// Ask a person first
    #[arg(long, value_name = "WHAT")]
    ask: Vec<String>,
    /// Forbid this
    #[arg(long, value_name = "WHAT")]
    deny: Vec<String>,
    #[command(flatten)]
    narrow: NarrowFlags,
}

#[derive(Debug, Serialize)]
struct Child {
    pass: String,
    id: String,
    /// The id that revokes this pass and keeps its parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_id: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    expires: OffsetDateTime,
    loses: Vec<Loss>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Message>,
    /// The places of its redacted fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    redacts: Vec<Covered>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl Attenuate {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let text = self.pass.text(context)?;
        let catalog = crate::catalog::load(&context.home()?).map_err(Failure::failed)?;
        let services: Vec<_> = catalog.services().cloned().collect();
        let now = context.clock.now();
        let child =
            attenuate(text.expose_secret(), &self.into(), &services, now).map_err(|error| match error {
                AttenuateError::Read(error) => not_a_pass(&error),
                AttenuateError::Sealed | AttenuateError::Ended(_) => Failure::failed(error),
                AttenuateError::Term(_) | AttenuateError::Nothing => Failure::usage(error),
            })?;
        let shown = datalog::inspect::describe(&child.content);
        let revocation_id = child.content.blocks.last().map(|block| block.revocation.to_string());
        let child = Child {
            pass: child.text,
            id: shown.id.clone(),
            revocation_id,
            expires: shown.expires,
            loses: child.loses,
            warnings: child.warnings,
            redacts: response::covered(&child.content, &services),
            notes: response::dated(&child.content, &services),
        };
        for line in said::whole(&shown, context.term.err_width()).lines() {
            context.term.say(line);
        }
        say_losses(&child.loses, context);
        child.redacts.iter().for_each(|covered| context.term.say(covered.to_string()));
        child.notes.iter().for_each(|note| context.term.say(note));
        child.warnings.iter().for_each(|warning| context.term.warn(warning.clone()));
        context.term.say_in(Tone::Quiet, format!("ends {}", when::from_now(child.expires, now)));
        context.term.result(&child, || child.pass.clone())
    }
}

fn say_losses(losses: &[Loss], context: &Context) {
    if losses.is_empty() {
        context.term.say("it may do the same operations as its parent, within the added limits");
    }
    for loss in losses.iter().take(SAID) {
        let operation = format!("`{}` on `{}`", loss.operation, loss.connection);
        context.term.say(match loss.after {
            Possible::Ask => format!("asks before {operation}"),
            Possible::Allow | Possible::Deny => format!("loses {operation}"),
        });
    }
    if losses.len() > SAID {
        context.term.say(format!("… and {} more: `hallpass can` shows what is left", losses.len() - SAID));
    }
}

impl From<Attenuate> for AttenuateArgs {
    fn from(flags: Attenuate) -> Self {
        Self { only: flags.only, ask: flags.ask, deny: flags.deny, narrow: flags.narrow.into() }
    }
}
