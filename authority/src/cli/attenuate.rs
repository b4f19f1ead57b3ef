//! `hallpass attenuate`: a holder's narrower pass. Offline, without any key; what the child loses is said.

use clap::Args;
use datalog::attenuate::{AttenuateArgs, Loss};
use datalog::can::Possible;
use datalog::{AttenuateError, attenuate};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use time::OffsetDateTime;

use super::failure::Failure;
use super::narrow::NarrowFlags;
use super::pass_arg::{PassArg, not_a_pass};
use super::term::Tone;
use super::{Context, when};
use crate::clock::Clock;

/// So many losses are said one by one.
const SAID: usize = 12;

/// Make a narrower pass from a pass, offline
///
/// The new pass holds what the old one holds and less; nothing here can widen it. WHAT is as in `hallpass mint`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: CHILD=$(hallpass attenuate \"$PASS\" --only gmail.users.messages.list --for 5m)")]
pub(super) struct Attenuate {
    #[command(flatten)]
    pass: PassArg,
    /// Nothing but this
    #[arg(long, value_name = "WHAT")]
    only: Vec<String>,
    /// What a person is asked about first
    #[arg(long, value_name = "WHAT")]
    ask: Vec<String>,
    /// What may not be done
    #[arg(long, value_name = "WHAT")]
    deny: Vec<String>,
    #[command(flatten)]
    narrow: NarrowFlags,
}

#[derive(Debug, Serialize)]
struct Child {
    pass: String,
    id: String,
    /// What revokes this pass and leaves its parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_id: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    expires: OffsetDateTime,
    loses: Vec<Loss>,
}

impl Attenuate {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let text = self.pass.text(context)?;
        let catalog = crate::catalog::load(&context.home()?).map_err(Failure::failed)?;
        let services: Vec<_> = catalog.services().cloned().collect();
        let now = Clock::System.now();
        let child =
            attenuate(text.expose_secret(), &self.into(), &services, now).map_err(|error| match error {
                AttenuateError::Read(error) => not_a_pass(&error),
                AttenuateError::Sealed => Failure::failed(error),
                AttenuateError::Term(_) | AttenuateError::Nothing => Failure::usage(error),
            })?;
        let shown = datalog::inspect::describe(&child.content);
        let revocation_id = child.content.blocks.last().map(|block| block.revocation.to_string());
        let child = Child {
            pass: child.text,
            id: shown.id,
            revocation_id,
            expires: shown.expires,
            loses: child.loses,
        };
        say_losses(&child.loses, context);
        let ends = format!("ends {} ({})", when::at(child.expires), when::from_now(child.expires, now));
        context.term.say_in(Tone::Quiet, ends);
        context.term.result(&child, || child.pass.clone())
    }
}

fn say_losses(losses: &[Loss], context: &Context) {
    if losses.is_empty() {
        context.term.say("it may do the same operations as its parent, within what was added");
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
