//! `hallpass approvals`: what agents wait for a person to say, and with `--watch` as it comes, answered line by line.
//!
//! Off a terminal `--watch` only tells. What is shown is decoded from the request (`shown`), never the agent's word for it.

use std::collections::BTreeSet;
use std::io::{BufRead as _, IsTerminal as _, stdin};

use clap::Args;
use datalog::{ApprovalId, RevocationId};

use super::client::{Client, with_query};
use super::failure::Failure;
use super::term::Tone;
use super::{Context, block_on, shown};
use crate::app::{ApprovalFilter, ApprovalInfo, ApprovalScope, ApprovalStanding, ApproveArgs, DenyArgs};
use crate::clock::Clock;

/// List what agents wait for you to approve
#[derive(Debug, Args)]
#[command(after_help = "\
With --watch, questions are shown as they come. At a terminal each is answered by a line: `y` to approve once, `t` to
approve until the pass ends, `n` and a reason to deny, an empty line to leave it for later, `q` to end. What is typed before
a question is shown does not answer it.

Example: hallpass approvals --watch")]
pub(super) struct Approvals {
    /// Show questions as they come, and answer them
    #[arg(long)]
    watch: bool,
    /// Also those that were answered or have ended
    #[arg(long, conflicts_with = "watch")]
    all: bool,
    /// Only those of a pass, with everything attenuated from it
    #[arg(long, value_name = "ID")]
    pass: Option<RevocationId>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
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
            let now = Clock::System.now();
            let texts: Vec<String> =
                found.iter().rev().map(|info| shown::question(info, now, context.term.colour())).collect();
            texts.join("\n")
        })
    }
}

/// Ends when the authority or the reader goes away, or the person does.
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
                let now = Clock::System.now();
                context.term.result(info, || shown::question(info, now, context.term.colour()))?;
                if answers && !answer(context, &client, &info.id).await? {
                    return Ok(());
                }
            }
        }
    })
}

/// Takes one line; whether to go on. A line and not a key, so that nothing is approved by a slip; and none that was typed
/// before the question was there to be read.
async fn answer(context: &Context, client: &Client, id: &ApprovalId) -> Result<bool, Failure> {
    // Where the terminal cannot forget what was typed, it is no terminal to answer at.
    rustix::termios::tcflush(stdin(), rustix::termios::QueueSelector::IFlush)
        .map_err(|error| Failure::failed(format_args!("the terminal cannot be read afresh: {error}")))?;
    context.term.say_in(Tone::Quiet, "y once, t until the pass ends, n REASON, enter for later, q to end");
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        stdin().lock().read_line(&mut line).map(|read| (read, line))
    });
    let (read, line) = read.await.map_err(Failure::failed)?.map_err(Failure::failed)?;
    let (word, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
    let answered = match word {
        "y" | "yes" => approve(client, id, ApprovalScope::Once).await,
        "t" => approve(client, id, ApprovalScope::Task).await,
        "n" | "no" => {
            let because = (!rest.trim().is_empty()).then(|| rest.trim().to_owned());
            let args = DenyArgs { by: None, because };
            client.put_json(&format!("/v1/approvals/{id}/denial"), &args).await
        }
        "q" => return Ok(false),
        _ => return Ok(read > 0),
    };
    match answered {
        Ok(info) => context.term.say(format!("{id} {}", shown::standing(info.status))),
        // It may have ended while the person thought; the next one waits.
        Err(failure) => context.term.say_in(Tone::Warn, &failure.message),
    }
    Ok(true)
}

async fn approve(client: &Client, id: &ApprovalId, scope: ApprovalScope) -> Result<ApprovalInfo, Failure> {
    let args = ApproveArgs { by: None, scope };
    client.put_json(&format!("/v1/approvals/{id}/approval"), &args).await
}
