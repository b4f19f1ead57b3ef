//! `hallpass approve`, `hallpass deny` and `hallpass reopen`: a person's answer to an agent's question.
//!
//! It shows the question once more on standard error, with the name of the approver. The authority decides whether the
//! answer may be given: an answered question takes no second answer.

use clap::Args;
use datalog::{ApprovalId, ApproverName, Message, NameError};

use super::client::Client;
use super::failure::Failure;
use super::term::Tone;
use super::{number, shown};
use crate::app::{
    ApprovalInfo, ApprovalScope, ApprovalStanding, ApproveArgs, DenialScope, DenyArgs, ReopenArgs,
};
use crate::cli::context::{Context, block_on};

/// Approve a request, once or more often
#[derive(Debug, Args)]
#[command(after_help = "\
Without --times, --until or --for-task you approve this one request, once. With one of them you also approve similar \
requests. For a message: the same operation, arguments and recipients, with any text. For anything else: exactly the \
same request again.

Example: hallpass approve a_0123456789abcdefghijkl")]
pub(super) struct Approve {
    /// The question, as `hallpass approvals` shows it
    #[arg(value_name = "ID", value_parser = waiting)]
    id: ApprovalId,
    /// Approve up to N requests like this
    #[arg(long, value_name = "N", group = "scope", value_parser = number::small)]
    times: Option<u32>,
    /// Approve requests like this for 30m, 2h, …
    #[arg(long, value_name = "DURATION", group = "scope")]
    until: Option<String>,
    /// Approve requests like this until the pass ends
    #[arg(long, group = "scope")]
    for_task: bool,
    /// Who approves [default: owner]
    #[arg(long = "as", value_name = "NAME")]
    by: Option<ApproverName>,
    /// Answer only if the question still has this version, as `hallpass approvals` showed it
    #[arg(long, value_name = "N")]
    version: Option<u32>,
}

/// Deny a request, or take back an approval that nobody has used
#[derive(Debug, Args)]
#[command(after_help = "\
A no ends the question, even if others approved it. Only you can take your no back (`hallpass reopen`). Until the pass \
ends, it also denies the same operation to the same people. With --only-this the agent may ask again with other words.

Example: hallpass deny a_0123456789abcdefghijkl --because 'not to that address'")]
pub(super) struct Deny {
    /// The question, as `hallpass approvals` shows it
    #[arg(value_name = "ID", value_parser = waiting)]
    id: ApprovalId,
    /// The reason, which the agent reads
    #[arg(long, value_name = "TEXT")]
    because: Option<String>,
    /// Deny only this request: the agent may ask about another text to the same people
    #[arg(long)]
    only_this: bool,
    /// Who denies [default: owner]
    #[arg(long = "as", value_name = "NAME")]
    by: Option<ApproverName>,
    /// Answer only if the question still has this version, as `hallpass approvals` showed it
    #[arg(long, value_name = "N")]
    version: Option<u32>,
}

/// Take back your own no: the question waits again, and everybody answers anew
#[derive(Debug, Args)]
#[command(after_help = "\
This approves nothing. Your no and its withdrawal both stay in the log.

Example: hallpass reopen a_0123456789abcdefghijkl")]
pub(super) struct Reopen {
    /// The denied question, as `hallpass approvals --all` shows it
    #[arg(value_name = "ID", value_parser = waiting)]
    id: ApprovalId,
    /// Who said no [default: owner]
    #[arg(long = "as", value_name = "NAME")]
    by: Option<ApproverName>,
}

/// Reads the id of a question. The error says where to find one.
fn waiting(text: &str) -> Result<ApprovalId, Message> {
    text.parse().map_err(|error: NameError| {
        Message::from(error).hint("`hallpass approvals` shows each question and its id")
    })
}

impl Approve {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let scope = match (self.times, self.until, self.for_task) {
            (Some(times), ..) => ApprovalScope::Times { times },
            (_, Some(duration), _) => ApprovalScope::Until { duration },
            (.., true) => ApprovalScope::Task,
            _ => ApprovalScope::Once,
        };
        let (path, args) = (
            format!("/v1/approvals/{}/approval", self.id),
            ApproveArgs { by: self.by.clone(), scope, version: self.version },
        );
        let info: ApprovalInfo =
            block_on(async { Client::open(context).await?.put_json(&path, &args).await })?;
        if info.status != ApprovalStanding::Approved {
            let more = info.needed.saturating_sub(u32::try_from(info.answers.len()).unwrap_or(u32::MAX));
            context.term.say_in(Tone::Warn, format!("{more} more have to approve it"));
        }
        said(context, &info, "approved", self.by.as_ref())
    }
}

impl Deny {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let scope = if self.only_this { DenialScope::ThisOne } else { DenialScope::People };
        let args = DenyArgs { by: self.by.clone(), because: self.because, scope, version: self.version };
        let path = format!("/v1/approvals/{}/denial", self.id);
        let info: ApprovalInfo =
            block_on(async { Client::open(context).await?.put_json(&path, &args).await })?;
        said(context, &info, "denied", self.by.as_ref())
    }
}

impl Reopen {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let args = ReopenArgs { by: self.by.clone(), version: None };
        let path = format!("/v1/approvals/{}/reopening", self.id);
        let info: ApprovalInfo =
            block_on(async { Client::open(context).await?.put_json(&path, &args).await })?;
        said(context, &info, "reopened", self.by.as_ref())
    }
}

/// Says what the answer did and whose name it has. If nobody named an approver, it says so.
fn said(
    context: &Context,
    info: &ApprovalInfo,
    what: &str,
    by: Option<&ApproverName>,
) -> Result<(), Failure> {
    context.term.say_lines(shown::question(info, context.clock.now(), context.term.colour()));
    context.term.say(match by {
        Some(name) => format!("{what} as `{name}`"),
        None => format!("{what} as `owner`; `--as NAME` answers in another name"),
    });
    context.term.result(info, || format!("{} {}", info.id, shown::standing(info.status)))
}
