//! `hallpass approvers`: the people who approve, each with a key. Private halves never leave the authority.
//!
//! `prove` opens no store. It needs only a pass and a block, and so does anybody who verifies the result.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use datalog::{ApproverName, approval};

use super::client::Client;
use super::failure::Failure;
use super::table::{Cell, Table};
use super::term::Tone;
use super::when;
use crate::app::{ApproverInfo, ApproverStatus};
use crate::cli::context::{Context, block_on};

/// List, add and retire approvers
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Names tell people apart in the log, for example where a pass needs two approvers. They keep nobody out: anyone who \
reaches the authority's socket can answer under any name."
)]
pub(super) struct ApproversCommand {
    #[command(subcommand)]
    verb: Option<ApproversVerb>,
}

#[derive(Debug, Clone, Subcommand)]
enum ApproversVerb {
    /// List the approvers (`approvers` alone does the same)
    List,
    /// Add an approver, with a new key
    Add {
        /// The new name
        name: ApproverName,
    },
    /// Retire an approver: signatures already given stop counting
    Retire {
        /// The approver, as `hallpass approvers` shows it
        name: ApproverName,
    },
    /// Join a pass with an approver's signed block, so that any Biscuit tool can verify both; offline
    Prove {
        /// The pass that asked
        pass: String,
        /// The approver's block, as `hallpass approvals --all --json` and the log show it
        block: String,
    },
}

impl ApproversCommand {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.verb.unwrap_or(ApproversVerb::List) {
            ApproversVerb::List => list(context),
            ApproversVerb::Add { name } => {
                let path = format!("/v1/approvers/{name}");
                let made: ApproverInfo = block_on(async { Client::open(context).await?.put(&path).await })?;
                context.term.result(&made, || made.public_key.clone())
            }
            ApproversVerb::Prove { pass, block } => {
                let block = URL_SAFE_NO_PAD
                    .decode(&block)
                    .map_err(|_| Failure::usage("the block is not base64url, as the log shows it"))?;
                let token = approval::join(&pass, &block).map_err(Failure::failed)?;
                context.term.result(&token, || token.clone())
            }
            ApproversVerb::Retire { name } => {
                let path = format!("/v1/approvers/{name}");
                let gone: ApproverInfo =
                    block_on(async { Client::open(context).await?.delete(&path).await })?;
                context.term.say_in(
                    Tone::Warn,
                    format!("`{name}` is retired: signatures already given no longer count"),
                );
                context.term.result(&gone, || gone.name.to_string())
            }
        }
    }
}

fn list(context: &Context) -> Result<(), Failure> {
    let approvers: Vec<ApproverInfo> =
        block_on(async { Client::open(context).await?.read("/v1/approvers").await })?;
    if approvers.is_empty() {
        context.term.say("there are no approvers yet: the first `hallpass approve` makes `owner`");
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
