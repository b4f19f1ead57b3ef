//! `hallpass approvals`: lists the questions that wait for a person. With `--watch` it shows each as it comes, and
//! takes an answer as a line.
//!
//! Off a terminal `--watch` only shows them. The text is decoded from the request (`shown`), never the agent's own
//! words.

use std::collections::BTreeSet;
use std::io::{BufRead as _, IsTerminal as _, stdin};

use clap::Args;
use datalog::{ApprovalId, RevocationId};

use super::client::{Client, with_query};
use super::failure::Failure;
use super::term::Tone;
use super::{number, shown};
use crate::app::{
    ApprovalFilter, ApprovalInfo, ApprovalScope, ApprovalStanding, ApproveArgs, DenialScope, DenyArgs,
};
use crate::cli::context::{Context, block_on};

/// List the questions that wait for your answer
#[derive(Debug, Args)]
#[command(after_help = "\
With --watch, each question is shown as it comes. At a terminal you answer it with a line:
  y          approve it once
  t          approve it until the pass ends
  n REASON   deny it
  o REASON   deny only this one; the agent may ask again with other words
  (empty)    leave it for later
  q          quit
You answer as the owner. A line that you typed before the question appeared does not count, and neither does an answer \
to a question that somebody else has answered meanwhile.

Example: hallpass approvals --watch")]
pub(super) struct Approvals {
    /// Show each question as it comes, and answer it
    #[arg(long)]
    watch: bool,
    /// Show answered and ended questions too
    #[arg(long, conflicts_with = "watch")]
    all: bool,
    /// Show only questions of this pass, and of passes attenuated from it
    #[arg(long, value_name = "ID")]
    pass: Option<RevocationId>,
    /// Show at most N
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = number::small)]
    last: u32,
}

impl Approvals {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let filter = ApprovalFilter {
            status: (!self.all).then_some(ApprovalStanding::Pending),
            pass: self.pass,
            limit: Some(self.last),
        };
        if self.watch {
            return watch(context, &filter);
        }
        let path = with_query("/v1/approvals", &filter)?;
        let found: Vec<ApprovalInfo> = block_on(async { Client::open(context).await?.read(&path).await })?;
        if found.is_empty() {
            context.term.say("nothing waits for you");
        }
        context.term.result(&found, || {
            let now = context.clock.now();
            let texts: Vec<String> =
                found.iter().rev().map(|info| shown::question(info, now, context.term.colour())).collect();
            texts.join("\n")
        })
    }
}

/// Shows the questions as they come, until the authority, the reader or the person goes away.
fn watch(context: &Context, filter: &ApprovalFilter) -> Result<(), Failure> {
    let answers = stdin().is_terminal();
    block_on(async {
        let client = Client::needed(context, "nothing will be asked").await?;
        let path = with_query("/v1/approvals", filter)?;
        let mut seen: BTreeSet<ApprovalId> = BTreeSet::new();
        let mut wait = "";
        loop {
            let found: Vec<ApprovalInfo> = client.read(&format!("{path}{wait}")).await?;
            wait = "&wait=30";
            for info in found.iter().rev() {
                if !seen.insert(info.id.clone()) {
                    continue;
                }
                let now = context.clock.now();
                context.term.result(info, || shown::question(info, now, context.term.colour()))?;
                if answers && !answer(context, &client, info).await? {
                    return Ok(());
                }
            }
        }
    })
}

/// Takes one answer as a line. Returns whether to continue. A line is needed and not a key, so that a slip approves
/// nothing. A line that was typed before the question could be read does not count.
async fn answer(context: &Context, client: &Client, asked: &ApprovalInfo) -> Result<bool, Failure> {
    let (id, version) = (&asked.id, Some(asked.version));
    // If the terminal cannot drop what was typed before, nobody can answer at it.
    rustix::termios::tcflush(stdin(), rustix::termios::QueueSelector::IFlush)
        .map_err(|error| Failure::failed(format!("the terminal cannot be read afresh: {error}")))?;
    context.term.say_in(
        Tone::Quiet,
        "y once, t until the pass ends, n REASON, o REASON for that one alone, enter for later, q to end",
    );
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        stdin().lock().read_line(&mut line).map(|read| (read, line))
    });
    let broken = |error: &dyn std::fmt::Display| Failure::failed(error.to_string());
    let (read, line) = read.await.map_err(|error| broken(&error))?.map_err(|error| broken(&error))?;
    let (word, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
    let answered = match word {
        "y" | "yes" => approve(client, id, ApprovalScope::Once, version).await,
        "t" => approve(client, id, ApprovalScope::Task, version).await,
        "n" | "no" | "o" => {
            let because = (!rest.trim().is_empty()).then(|| rest.trim().to_owned());
            let scope = if word == "o" { DenialScope::ThisOne } else { DenialScope::People };
            let args = DenyArgs { by: None, because, scope, version };
            client.put_json(&format!("/v1/approvals/{id}/denial"), &args).await
        }
        "q" => return Ok(false),
        _ => return Ok(read > 0),
    };
    match answered {
        Ok(info) => context.term.say(format!("{id} {}, as `owner`", shown::standing(info.status))),
        // The question may have ended while the person thought. The next one waits.
        Err(failure) => context.term.say_in(Tone::Warn, &failure.message),
    }
    Ok(true)
}

async fn approve(
    client: &Client,
    id: &ApprovalId,
    scope: ApprovalScope,
    version: Option<u32>,
) -> Result<ApprovalInfo, Failure> {
    let args = ApproveArgs { by: None, scope, version };
    client.put_json(&format!("/v1/approvals/{id}/approval"), &args).await
}
