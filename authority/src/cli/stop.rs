//! `hallpass stop` and `hallpass resume`: the emergency stop, or one pass, task or connection by itself.
//!
//! All of them may be repeated. What they do is the authority's; here are the words.

use clap::Args;
use datalog::{ConnectionName, RevocationId};

use super::client::Client;
use super::failure::Failure;
use super::table::Table;
use super::term::Tone;
use super::{Context, block_on, when};
use crate::app::{StopReport, StopTarget, SuspendArgs, SuspendReport, Suspension};

/// Forward no more requests, at once: of every pass, or of what is named
#[derive(Debug, Args)]
#[command(after_help = "\
Without a name everything is stopped. It holds from the next request on; what is held open or on its way back is cut off.

Example: hallpass stop --connection gmail --because 'looking into something'")]
pub(super) struct Stop {
    #[command(flatten)]
    what: What,
    /// Why, for the log and for the agent
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["resume", "list"])]
    because: Option<String>,
    /// Lift the stop: the same as `hallpass resume`
    #[arg(long)]
    resume: bool,
    /// List what is stopped
    #[arg(long, conflicts_with_all = ["resume", "what"])]
    list: bool,
}

/// Lift a stop: of everything, or of what is named
#[derive(Debug, Args)]
#[command(after_help = "\
A pass that was suspended because it was refused too often is resumed by --pass, too.

Example: hallpass resume --pass p_0123456789abcdefghijkl")]
pub(super) struct Resume {
    #[command(flatten)]
    what: What,
}

#[derive(Debug, Clone, Args)]
#[group(id = "what", multiple = false)]
struct What {
    /// A pass, with everything attenuated from it
    #[arg(long, value_name = "ID")]
    pass: Option<RevocationId>,
    /// Every pass for this task, those to come too
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// Everything on a connection
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,
}

impl What {
    fn target(self) -> Option<StopTarget> {
        self.pass
            .map(StopTarget::Pass)
            .or(self.task.map(StopTarget::Task))
            .or(self.connection.map(StopTarget::Connection))
    }
}

impl Stop {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        if self.list {
            return list(context);
        }
        if self.resume {
            return resume(context, self.what.target());
        }
        let Some(target) = self.what.target() else {
            let report: StopReport = block_on(async { Client::open(context).await?.put("/v1/stop").await })?;
            return everything(context, report);
        };
        let args = SuspendArgs { target, because: self.because };
        let report: SuspendReport =
            block_on(async { Client::open(context).await?.post("/v1/suspensions", &args).await })?;
        context.term.say_in(
            Tone::Warn,
            format!("{} is stopped until it is resumed: `hallpass resume`", words(&report.stopped.target)),
        );
        context.term.result(&report, || "stopped".into())?;
        all_recalled(report.not_recalled)
    }
}

impl Resume {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        resume(context, self.what.target())
    }
}

fn resume(context: &Context, target: Option<StopTarget>) -> Result<(), Failure> {
    let Some(target) = target else {
        let report: StopReport = block_on(async { Client::open(context).await?.delete("/v1/stop").await })?;
        return everything(context, report);
    };
    let lifted: StopTarget =
        block_on(async { Client::open(context).await?.post("/v1/suspensions/lifted", &target).await })?;
    context.term.say_in(Tone::Good, format!("{} is not stopped any more", words(&lifted)));
    context.term.result(&lifted, || "running".into())
}

fn everything(context: &Context, report: StopReport) -> Result<(), Failure> {
    let text = if report.stopped {
        context.term.say_in(Tone::Warn, "no request is forwarded until `hallpass resume`");
        "stopped"
    } else {
        context.term.say_in(Tone::Good, "requests are decided by their passes again");
        "running"
    };
    context.term.result(&report, || text.into())?;
    all_recalled(report.not_recalled)
}

/// Whoever stops something is told of what could not be called back: the stop holds, and the command did not do all of
/// what was asked.
pub(super) fn all_recalled(not_recalled: usize) -> Result<(), Failure> {
    let requests = match not_recalled {
        0 => return Ok(()),
        1 => "1 request that was".to_owned(),
        more => format!("{more} requests that were"),
    };
    Err(Failure::failed(format!(
        "it holds for every request from now on, but {requests} on the way could not be called back in time\n\
         hint: what the service was asked may still happen; `hallpass log --follow` tells how each ends"
    )))
}

fn list(context: &Context) -> Result<(), Failure> {
    let (report, stopped): (StopReport, Vec<Suspension>) = block_on(async {
        let client = Client::open(context).await?;
        Ok((client.read("/v1/stop").await?, client.read("/v1/suspensions").await?))
    })?;
    if report.stopped {
        context.term.say_in(Tone::Warn, "everything is stopped");
    } else if stopped.is_empty() {
        context.term.say("nothing is stopped");
    }
    context.term.result(&stopped, || {
        let mut table = Table::new(["WHAT", "SINCE", "WHY"]);
        for one in &stopped {
            let because = one.because.as_deref().unwrap_or_default();
            table.row([words(&one.target).into(), when::at(one.since).into(), because.into()]);
        }
        table.render(&context.term)
    })
}

fn words(target: &StopTarget) -> String {
    match target {
        StopTarget::Pass(id) => format!("the pass {id}"),
        StopTarget::Task(task) => format!("the task `{task}`"),
        StopTarget::Connection(name) => format!("the connection `{name}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_called_back_is_said_and_is_a_failure() {
        assert_eq!(all_recalled(0), Ok(()));
        let failure = all_recalled(3).unwrap_err();
        assert_eq!(failure.kind.exit_code(), 1);
        assert!(failure.message.contains("3 requests that were on the way"), "{failure:?}");
        assert!(failure.hint.is_some_and(|hint| hint.contains("may still happen")));
    }
}
