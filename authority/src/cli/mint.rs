//! `hallpass mint`: a pass for one task, on standard output alone; what it says, on standard error.

use clap::Args;
use datalog::{ApproverName, inspect};

use super::client::Client;
use super::failure::Failure;
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
    /// How long the pass holds: 90s, 30m, 8h, 7d [default: the template's, or 30m]
    #[arg(long = "for", value_name = "DURATION")]
    duration: Option<String>,
    /// When the pass begins to hold, as 2030-01-31T09:00:00Z
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
    /// How much, over the pass and all below it: `gmail.users.messages.get=10`, `send=3/h` (in any hour; /m, /d),
    /// `recipients=5` (different addresses), `bytes=10MB` (requests and answers)
    #[arg(long = "limit", value_name = "WHAT=SIZE")]
    limits: Vec<String>,
    /// The connection that effects and operations mean, where a service has more than one
    #[arg(long = "connection", value_name = "NAME")]
    connections: Vec<String>,
    /// One more check, in Datalog over the documented vocabulary
    #[arg(long = "check", value_name = "DATALOG")]
    checks: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  PASS=$(hallpass mint 'triage my inbox' --allow gmail:read --allow gmail.users.drafts.create --ask gmail:send)
  hallpass mint --template pr-reviewer --resource repo=octo/hello
  hallpass mint 'review pull requests' --allow github:read --limit github.pulls/get=20 --for 2h";

impl Mint {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let template = self.template.clone();
        let given = MintArgs::from(self);
        let args = match template {
            Some(name) => templates::find(&context.home()?, &name)
                .and_then(|template| template.with(given))
                .map_err(Failure::usage)?,
            None => given,
        };
        let minted = block_on(async {
            let client = Client::open(context).await?;
            client.post::<MintArgs, Minted>("/v1/passes", &args).await
        })?;
        let term = &context.term;
        for sentence in inspect(&minted.pass).map_err(Failure::failed)?.says {
            term.say(visible(&sentence));
        }
        let now = Clock::System.now();
        let expires = minted.info.expires;
        let ends =
            format!("ends {} ({}); id {}", when::at(expires), when::from_now(expires, now), minted.info.id);
        term.say_in(Tone::Quiet, ends);
        term.result(&minted, || minted.pass.clone())
    }
}

impl From<Mint> for MintArgs {
    fn from(mint: Mint) -> Self {
        Self {
            task: mint.task.unwrap_or_default(),
            allow: mint.allow,
            ask: mint.ask,
            deny: mint.deny,
            approvers: mint.approvers,
            approve_by: mint.approve_by,
            duration: mint.duration,
            not_before: mint.not_before,
            to: mint.to,
            to_domains: mint.to_domains,
            to_thread_participants: mint.to_thread_participants,
            resources: mint.resources,
            args: mint.args,
            only_seen: mint.only_seen,
            only_created: mint.only_created,
            newer_than: mint.newer_than,
            max_items: mint.max_items,
            redact: mint.redact,
            during: mint.during,
            limits: mint.limits,
            connections: mint.connections,
            services: Vec::new(),
            checks: mint.checks,
        }
    }
}
