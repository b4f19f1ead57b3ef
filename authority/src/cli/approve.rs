//! `hallpass approve` and `hallpass deny`: a person's answer to what an agent asked.
//!
//! What was decided on is shown once more, on standard error. Whether the answer may be given the authority decides.

use clap::Args;
use datalog::{ApprovalId, ApproverName};

use super::client::Client;
use super::failure::Failure;
use super::term::Tone;
use super::{Context, block_on, shown};
use crate::app::{ApprovalInfo, ApprovalScope, ApprovalStanding, ApproveArgs, DenyArgs};
use crate::clock::Clock;

/// Approve what an agent asked, once or more often
#[derive(Debug, Args)]
#[command(after_help = "\
Without --times, --until and --for-task the one request is approved, once. With one of them, so is what is alike:
for a message, the same operation with the same arguments to exactly the same recipients, whatever it says;
for anything else, the very same request again.

Example: hallpass approve a_0123456789abcdefghijkl")]
pub(super) struct Approve {
    /// What was asked, as `hallpass approvals` shows it
    #[arg(value_name = "ID")]
    id: ApprovalId,
    /// So often
    #[arg(long, value_name = "N", group = "scope")]
    times: Option<u32>,
    /// As often as it likes, so long: 30m, 2h
    #[arg(long, value_name = "DURATION", group = "scope")]
    until: Option<String>,
    /// As often as it likes, until the pass ends
    #[arg(long, group = "scope")]
    for_task: bool,
    /// Who approves [default: owner]
    #[arg(long = "as", value_name = "NAME")]
    by: Option<ApproverName>,
}

/// Deny what an agent asked, or take an approval back that was not used
#[derive(Debug, Args)]
#[command(after_help = "Example: hallpass deny a_0123456789abcdefghijkl --because 'not to that address'")]
pub(super) struct Deny {
    /// What was asked, as `hallpass approvals` shows it
    #[arg(value_name = "ID")]
    id: ApprovalId,
    /// Why: the agent is told
    #[arg(long, value_name = "TEXT")]
    because: Option<String>,
    /// Who denies [default: owner]
    #[arg(long = "as", value_name = "NAME")]
    by: Option<ApproverName>,
}

impl Approve {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let scope = match (self.times, self.until, self.for_task) {
            (Some(times), ..) => ApprovalScope::Times { times },
            (_, Some(duration), _) => ApprovalScope::Until { duration },
            (.., true) => ApprovalScope::Task,
            _ => ApprovalScope::Once,
        };
        let (path, args) =
            (format!("/v1/approvals/{}/approval", self.id), ApproveArgs { by: self.by, scope });
        let info: ApprovalInfo =
            block_on(async { Client::open(context).await?.put_json(&path, &args).await })?;
        match info.status {
            ApprovalStanding::Approved => {}
            _ => {
                let more = info.needed.saturating_sub(u32::try_from(info.answers.len()).unwrap_or(u32::MAX));
                context.term.say_in(Tone::Warn, format!("{more} more have to approve it"));
            }
        }
        said(context, &info)
    }
}

impl Deny {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let (path, args) =
            (format!("/v1/approvals/{}/denial", self.id), DenyArgs { by: self.by, because: self.because });
        let info: ApprovalInfo =
            block_on(async { Client::open(context).await?.put_json(&path, &args).await })?;
        said(context, &info)
    }
}

fn said(context: &Context, info: &ApprovalInfo) -> Result<(), Failure> {
    context.term.say(shown::question(info, Clock::System.now(), context.term.colour()));
    context.term.result(info, || format!("{} {}", info.id, shown::standing(info.status)))
}
