//! `hallpass approvers`: who approves, each by a key of their own. Private halves never leave the authority.
//!
//! `prove` opens no store: a pass and a block are enough for it, and for whoever verifies what it joins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use datalog::{ApproverName, approval};

use super::client::Client;
use super::failure::Failure;
use super::table::{Cell, Table};
use super::term::Tone;
use super::{Context, block_on, when};
use crate::app::{ApproverInfo, ApproverStatus};

/// List, add and retire those who approve
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Names tell people apart in the record, for passes that ask for two approvers, say. Whoever reaches the authority's
socket may answer under any of them."
)]
pub(super) struct Approvers {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Clone, Subcommand)]
enum Verb {
    /// List the approvers (this is what `approvers` alone does)
    List,
    /// Make an approver, with a new key
    Add {
        /// The new name
        name: ApproverName,
    },
    /// Count what an approver signed no more
    Retire {
        /// The approver, as `hallpass approvers` shows it
        name: ApproverName,
    },
    /// Join a pass and what an approver signed for it, so that any Biscuit tool verifies the two; offline
    Prove {
        /// The pass that asked
        pass: String,
        /// The approver's block, as `hallpass approvals --all --json` and the log show it
        block: String,
    },
}

impl Approvers {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.verb.unwrap_or(Verb::List) {
            Verb::List => list(context),
            Verb::Add { name } => {
                let path = format!("/v1/approvers/{name}");
                let made: ApproverInfo = block_on(async { Client::open(context).await?.put(&path).await })?;
                context.term.result(&made, || made.public_key.clone())
            }
            Verb::Prove { pass, block } => {
                let block = URL_SAFE_NO_PAD
                    .decode(&block)
                    .map_err(|_| Failure::usage("the block is not base64url, as the log shows it"))?;
                let token = approval::join(&pass, &block).map_err(Failure::failed)?;
                context.term.result(&token, || token.clone())
            }
            Verb::Retire { name } => {
                let path = format!("/v1/approvers/{name}");
                let gone: ApproverInfo =
                    block_on(async { Client::open(context).await?.delete(&path).await })?;
                context.term.say_in(Tone::Warn, format!("what `{name}` signed counts no more"));
                context.term.result(&gone, || gone.name.to_string())
            }
        }
    }
}

fn list(context: &Context) -> Result<(), Failure> {
    let approvers: Vec<ApproverInfo> =
        block_on(async { Client::open(context).await?.read("/v1/approvers").await })?;
    if approvers.is_empty() {
        context.term.say("there is none yet: the first `hallpass approve` makes `owner`");
    }
    context.term.result(&approvers, || {
        let mut table = Table::new(["NAME", "STATUS", "CREATED", "PUBLIC KEY"]);
        for one in &approvers {
            let status = match one.status {
                ApproverStatus::Trusted => Cell::in_tone("trusted", Tone::Good),
                ApproverStatus::Retired => Cell::in_tone("retired", Tone::Quiet),
            };
            table.row([
                one.name.as_str().into(),
                status,
                when::at(one.created).into(),
                one.public_key.as_str().into(),
            ]);
        }
        table.render(&context.term)
    })
}
