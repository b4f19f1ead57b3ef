//! `hallpass mint`: a pass for one task, on standard output alone; what it says, on standard error.
//!
//! What a pass grants is asked for here and in `run` with the same flags; what narrows it, in `narrow`.

use clap::Args;
use datalog::{ApproverName, inspect};

use super::client::Client;
use super::failure::Failure;
use super::narrow::NarrowFlags;
use super::term::{Tone, visible};
use super::{Context, block_on, when};
use crate::app::{MintArgs, Minted};
use crate::clock::Clock;
use crate::templates;

/// Mint a pass for one task
///
/// WHAT is CONNECTION:EFFECT (`gmail:read`), an operation (`gmail.users.drafts.create`) or a glob
/// (`'gmail.users.settings.*'`). Effects are read, write, send, share, delete, run, secret and admin. Deny wins over
/// ask, ask over allow, and what nothing covers is denied.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Mint {
    /// The purpose, in words: it is written into the pass and shown in the log
    #[arg(value_name = "TASK", required_unless_present = "template")]
    task: Option<String>,
    #[command(flatten)]
    flags: MintFlags,
}

/// What a new pass is for.
#[derive(Debug, Args)]
pub(super) struct MintFlags {
    /// Start from a template: `hallpass templates` lists them. Flags win over it, or add to it
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// What may be done
    #[arg(long, value_name = "WHAT")]
    allow: Vec<String>,
    /// What a person is asked about first
    #[arg(long, value_name = "WHAT")]
    ask: Vec<String>,
    /// How many different people have to approve what is asked
    #[arg(long, value_name = "N", requires = "ask")]
    approvers: Option<u32>,
    /// Who may approve what is asked, as `hallpass approvers` lists them
    #[arg(long = "approve-by", value_name = "NAME", requires = "ask", value_delimiter = ',')]
    approve_by: Vec<ApproverName>,
    /// What may not be done, whatever else is allowed
    #[arg(long, value_name = "WHAT")]
    deny: Vec<String>,
    /// The connection that effects and operations mean, where a service has more than one
    #[arg(long = "connection", value_name = "NAME")]
    connections: Vec<String>,
    #[command(flatten)]
    narrow: NarrowFlags,
}

const EXAMPLES: &str = "\
Examples:
  PASS=$(hallpass mint 'triage my inbox' --allow gmail:read --allow gmail.users.drafts.create --ask gmail:send)
  hallpass mint --template pr-reviewer --resource repo=octo/hello
  hallpass mint 'review pull requests' --allow github:read --limit github.pulls/get=20 --for 2h";

impl Mint {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let args = self.flags.asked(self.task, context)?;
        let minted = block_on(async {
            let client = Client::open(context).await?;
            client.post::<MintArgs, Minted>("/v1/passes", &args).await
        })?;
        say(&minted, context)?;
        let expires = minted.info.expires;
        let left = when::from_now(expires, Clock::System.now());
        let ends = format!("ends {} ({left}); id {}", when::at(expires), minted.info.id);
        context.term.say_in(Tone::Quiet, ends);
        context.term.result(&minted, || minted.pass.clone())
    }
}

/// Says what a pass says.
pub(super) fn say(minted: &Minted, context: &Context) -> Result<(), Failure> {
    for sentence in inspect(&minted.pass).map_err(Failure::failed)?.says {
        context.term.say(visible(&sentence));
    }
    Ok(())
}

impl MintFlags {
    /// What is asked of the authority: these flags, and those of the template where they name one.
    pub(super) fn asked(self, task: Option<String>, context: &Context) -> Result<MintArgs, Failure> {
        let template = self.template.clone();
        let given = MintArgs { task: task.unwrap_or_default(), ..self.into() };
        match template {
            Some(name) => templates::find(&context.home()?, &name)
                .and_then(|template| template.with(given))
                .map_err(Failure::usage),
            None => Ok(given),
        }
    }
}

impl From<MintFlags> for MintArgs {
    fn from(flags: MintFlags) -> Self {
        Self {
            allow: flags.allow,
            ask: flags.ask,
            deny: flags.deny,
            approvers: flags.approvers,
            approve_by: flags.approve_by,
            connections: flags.connections,
            narrow: flags.narrow.into(),
            ..Self::default()
        }
    }
}
