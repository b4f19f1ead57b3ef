//! `hallpass attenuate`: a holder's narrower pass. Offline, without any key; what the child loses is said.

use clap::Args;
use datalog::attenuate::{AttenuateArgs, Loss};
use datalog::can::Possible;
use datalog::{AttenuateError, attenuate};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use time::OffsetDateTime;

use super::failure::Failure;
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
    /// How much longer the new pass holds: 90s, 5m, 8h
    #[arg(long = "for", value_name = "DURATION")]
    duration: Option<String>,
    /// When the new pass begins to hold, as 2030-01-31T09:00:00Z
    #[arg(long, value_name = "TIME")]
    not_before: Option<String>,
    /// An address that may be reached; nobody else, but what other --to and --to-domain say
    #[arg(long, value_name = "ADDRESS")]
    to: Vec<String>,
    /// A domain whose addresses may be reached; nobody else, but what other --to and --to-domain say
    #[arg(long = "to-domain", value_name = "DOMAIN")]
    to_domains: Vec<String>,
    /// Nobody may be reached who does not take part in the thread already: replies to it, within --to and --to-domain
    #[arg(long)]
    to_thread_participants: bool,
    /// A thing that may be touched: no other of its kind, and one of them has to be named (`repo=octo/hello`)
    #[arg(long = "resource", value_name = "KIND=ID")]
    resources: Vec<String>,
    /// What an operation's arguments may be; those not mentioned are denied. `NAME?` may be absent
    #[arg(long = "arg", value_name = "OPERATION: CONDITIONS")]
    args: Vec<String>,
    /// A kind of thing (`message`) of which only those may be touched that an earlier answer has shown
    #[arg(long, value_name = "[CONNECTION:]KIND")]
    only_seen: Vec<String>,
    /// A kind of thing (`draft`) of which only those may be touched that this pass created
    #[arg(long, value_name = "[CONNECTION:]KIND")]
    only_created: Vec<String>,
    /// How new what comes back has to be: `24h`, `today@Europe/Berlin`, or a date. On messages, or `github:7d`
    #[arg(long, value_name = "[CONNECTION:]AGE")]
    newer_than: Vec<String>,
    /// How many items an answer may have. On messages, or `github:30`
    #[arg(long, value_name = "[CONNECTION:]N")]
    max_items: Vec<String>,
    /// A field that answers do not show, by the provider's own names: `snippet`, `payload.body`
    #[arg(long, value_name = "[CONNECTION:]FIELD")]
    redact: Vec<String>,
    /// Hours of the week in a time zone: `mon-fri 09:00-17:00 Europe/Berlin`; any of several
    #[arg(long, value_name = "HOURS")]
    during: Vec<String>,
    /// How much, within what the old pass leaves: `gmail.users.messages.get=10`, `send=3/h`, `recipients=5`, `bytes=10MB`
    #[arg(long = "limit", value_name = "WHAT=SIZE")]
    limits: Vec<String>,
    /// One more check, in Datalog over the documented vocabulary
    #[arg(long = "check", value_name = "DATALOG")]
    checks: Vec<String>,
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
        Self {
            only: flags.only,
            ask: flags.ask,
            deny: flags.deny,
            duration: flags.duration,
            not_before: flags.not_before,
            to: flags.to,
            to_domains: flags.to_domains,
            to_thread_participants: flags.to_thread_participants,
            resources: flags.resources,
            args: flags.args,
            only_seen: flags.only_seen,
            only_created: flags.only_created,
            newer_than: flags.newer_than,
            max_items: flags.max_items,
            redact: flags.redact,
            during: flags.during,
            limits: flags.limits,
            checks: flags.checks,
        }
    }
}
