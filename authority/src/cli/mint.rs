//! `hallpass mint`: prints a pass for one task on standard output, and its words on standard error.
//!
//! The flags that grant are shared with `run`; the flags that narrow are in `narrow`.

use clap::Args;
use datalog::{ApproverName, inspect};

use super::client::Client;
use super::failure::Failure;
use super::narrow::NarrowFlags;
use super::term::Tone;
use super::{number, said, when};
use crate::app::{MintArgs, Minted};
use crate::cli::context::{Context, block_on};
use crate::templates;

/// Mint a pass for one task
///
/// WHAT is CONNECTION:EFFECT (`gmail:read`), an operation (`gmail.users.drafts.create`) or a glob
/// (`'gmail.users.settings.*'`). Effects are read, write, send, share, delete, run, secret and admin. Deny wins over
/// ask, ask wins over allow, and everything else is denied.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Mint {
    /// The purpose, in words: the pass holds it and the log shows it
    #[arg(value_name = "TASK", required_unless_present = "template")]
    task: Option<String>,
    #[command(flatten)]
    flags: MintFlags,
}

/// The grants of a new pass.
#[derive(Debug, Args)]
pub(super) struct MintFlags {
    /// Start from a template (`hallpass templates` lists them); flags override it or add to it
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// Allow this
    #[arg(long, value_name = "WHAT")]
    allow: Vec<String>,
    /// Ask a person first
    #[arg(long, value_name = "WHAT")]
    ask: Vec<String>,
    /// How many different people must approve
    #[arg(long, value_name = "N", requires = "ask", value_parser = number::small)]
    approvers: Option<u32>,
    /// Who may approve, as `hallpass approvers` lists them
    #[arg(long = "approve-by", value_name = "NAME", requires = "ask", value_delimiter = ',')]
    approve_by: Vec<ApproverName>,
    /// Forbid this, whatever else the pass allows
    #[arg(long, value_name = "WHAT")]
    deny: Vec<String>,
    /// The connection to use, if a service has more than one
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
        let (minted, running) = block_on(async {
            let client = Client::open(context).await?;
            let minted = client.post::<MintArgs, Minted>("/v1/passes", &args).await?;
            Ok((minted, client.is_running()))
        })?;
        say(&minted, context)?;
        let now = context.clock.now();
        let begins = minted.info.begins.filter(|begins| *begins > now);
        let begins = begins.map(|at| format!("begins {}, ", when::from_now(at, now))).unwrap_or_default();
        let ends = when::from_now(minted.info.expires, now);
        context.term.say_in(Tone::Quiet, format!("{begins}ends {ends}; id {}", minted.info.id));
        if !running {
            context
                .term
                .warn("no authority runs on this home, so no gateway takes this pass: `hallpass serve`");
        }
        context.term.result(&minted, || minted.pass.clone())
    }
}

/// Tells the person what a pass says, with notes and warnings.
pub(super) fn say(minted: &Minted, context: &Context) -> Result<(), Failure> {
    let says = inspect(&minted.pass).map_err(Failure::failed)?;
    for line in said::whole(&says, context.term.err_width()).lines() {
        context.term.say(line);
    }
    minted.redacts.iter().for_each(|covered| context.term.say(covered.to_string()));
    minted.notes.iter().for_each(|note| context.term.say(note));
    minted.warnings.iter().for_each(|warning| context.term.warn(warning.clone()));
    Ok(())
}

impl MintFlags {
    /// Returns the request to the authority: these flags, and those of the template if the flags name one.
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
