//! `hallpass stop` and `hallpass resume`: the emergency stop, or a stop of one pass, task or connection.
//!
//! All of them may be repeated. The authority does the work. This file has the words: what was stopped, what is still
//! stopped, and the command that undoes it.

use clap::Args;
use datalog::ConnectionName;

use super::client::Client;
use super::failure::Failure;
use super::table::Table;
use super::term::Tone;
use super::{pass_name, when};
use crate::app::{AllStops, Hit, ResumeReport, StopArgs, StopOneArgs, StopOneReport, StopReport, StopTarget};
use crate::cli::context::{Context, block_on};
use crate::stopped;

/// Stop all requests at once, or those of one pass, task or connection
#[derive(Debug, Args)]
#[command(after_help = "\
Without a name this stops everything. It holds from the next request on, and cuts off requests that wait for an approval \
and answers on their way back.

Example: hallpass stop --connection gmail --because 'looking into something'")]
pub(super) struct StopCommand {
    #[command(flatten)]
    what: StopWhat,
    /// The reason, for the log and the agent
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["resume", "list"])]
    because: Option<String>,
    /// End the stop: the same as `hallpass resume`
    #[arg(long)]
    resume: bool,
    /// List what is stopped
    #[arg(long, conflicts_with_all = ["resume", "what"])]
    list: bool,
}

/// Resume everything, or one pass, task or connection
#[derive(Debug, Args)]
#[command(after_help = "\
A thing that was stopped by name stays stopped until you resume it by name, or use --all. Use --pass also for a pass that \
Hallpass stopped because it was refused too often.

Example: hallpass resume --pass p_0123456789abcdefghijkl")]
pub(super) struct Resume {
    #[command(flatten)]
    what: StopWhat,
    /// End every stop
    #[arg(long, conflicts_with = "what")]
    all: bool,
}

#[derive(Debug, Clone, Args)]
#[group(id = "what", multiple = false)]
struct StopWhat {
    /// A pass, with everything attenuated from it: its id, the beginning of it, or its text
    #[arg(long, value_name = "PASS")]
    pass: Option<String>,
    /// Every pass for this task, including future ones
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// Everything on a connection
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,
}

impl StopWhat {
    /// Checks what can be checked without asking the authority.
    fn check(&self) -> Result<(), Failure> {
        self.pass.as_deref().map_or(Ok(()), pass_name::check)
    }

    async fn target(self, client: &Client) -> Result<Option<StopTarget>, Failure> {
        if let Some(pass) = &self.pass {
            return Ok(Some(StopTarget::Pass(pass_name::revocation_id(client, pass).await?)));
        }
        Ok(self.task.map(StopTarget::Task).or(self.connection.map(StopTarget::Connection)))
    }
}

impl StopCommand {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        if self.list {
            return list(context);
        }
        if self.resume {
            return resume(context, self.what);
        }
        self.what.check()?;
        let because = self.because;
        let stopped = block_on(async {
            let client = Client::open(context).await?;
            match self.what.target(&client).await? {
                None => {
                    let report: StopReport = client.put_json("/v1/stop", &StopArgs { because }).await?;
                    Ok(Ordered::Everything(report))
                }
                Some(target) => {
                    let args = StopOneArgs { target, because };
                    let report: StopOneReport = client.post("/v1/stops", &args).await?;
                    Ok(Ordered::ByItself(report))
                }
            }
        })?;
        match stopped {
            Ordered::Everything(report) => {
                say_undo(context, "hallpass resume");
                context.term.result(&report, || format!("stopped: everything, {}", hit(report.hit)))?;
                all_recalled(report.hit.not_recalled)
            }
            Ordered::ByItself(report) => {
                let target = &report.stopped.target;
                report.warnings.iter().for_each(|warning| context.term.warn(warning.clone()));
                say_undo(context, &undo(target));
                context.term.result(&report, || format!("stopped: {target}, {}", hit(report.hit)))?;
                all_recalled(report.hit.not_recalled)
            }
        }
    }
}

/// What was stopped.
enum Ordered {
    Everything(StopReport),
    ByItself(StopOneReport),
}

impl Resume {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        if !self.all {
            return resume(context, self.what);
        }
        let report: StopReport = block_on(async { Client::open(context).await?.delete("/v1/stops").await })?;
        let everything = report.changed.then(|| "everything".to_owned());
        let named = report.resumed.iter().map(ToString::to_string);
        let resumed: Vec<String> = everything.into_iter().chain(named).collect();
        let text = match resumed.is_empty() {
            false => format!("running: {}", resumed.join(", ")),
            true => "nothing was stopped".into(),
        };
        context.term.result(&report, || text)
    }
}

fn resume(context: &Context, what: StopWhat) -> Result<(), Failure> {
    what.check()?;
    block_on(async {
        let client = Client::open(context).await?;
        match what.target(&client).await? {
            Some(target) => {
                let report: ResumeReport = client.post("/v1/stops/resumed", &target).await?;
                still(context, &report.still);
                context.term.result(&report, || format!("running: {}", report.resumed))
            }
            None => {
                let report: StopReport = client.delete("/v1/stop").await?;
                still(context, &AllStops { everything: None, stops: report.stops.clone() });
                context.term.result(&report, || match (report.changed, report.stops.is_empty()) {
                    (true, true) => "running: everything".into(),
                    (true, false) => "running: everything that is not stopped by its name".into(),
                    (false, true) => "nothing was stopped".into(),
                    (false, false) => "there was no stop of everything: nothing changed".into(),
                })
            }
        }
    })
}

/// Lists what is still stopped after a resume.
fn still(context: &Context, stops: &AllStops) {
    let everything = stops.everything.as_ref().map(|_| "everything".to_owned());
    let named = stops.stops.iter().map(|one| one.target.to_string());
    let all: Vec<String> = everything.into_iter().chain(named).collect();
    if !all.is_empty() {
        let text = format!("still stopped: {} (`hallpass resume --all` resumes all of it)", all.join(", "));
        context.term.say_in(Tone::Warn, text);
    }
}

fn say_undo(context: &Context, command: &str) {
    context.term.say_in(Tone::Warn, format!("it holds until `{command}`"));
}

/// Returns the command that resumes exactly this.
fn undo(target: &StopTarget) -> String {
    match target {
        StopTarget::Pass(id) => format!("hallpass resume --pass {id}"),
        StopTarget::Task(task) => format!("hallpass resume --task {}", quoted(task)),
        StopTarget::Connection(name) => format!("hallpass resume --connection {name}"),
    }
}

/// Returns a text as one word for a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

fn hit(hit: Hit) -> String {
    let count = |count: usize, one: &str, more: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {more}"),
    };
    format!(
        "{}, {} called back",
        count(hit.passes, "live pass", "live passes"),
        count(hit.called_back, "request", "requests")
    )
}

/// Fails if some requests could not be called back, so that the person learns it. The stop holds all the same.
pub(super) fn all_recalled(not_recalled: usize) -> Result<(), Failure> {
    let requests = match not_recalled {
        0 => return Ok(()),
        1 => "1 request that was".to_owned(),
        more => format!("{more} requests that were"),
    };
    let says = format!(
        "it holds for every request from now on, but {requests} on the way could not be called back in time"
    );
    Err(Failure::failed(says)
        .or_hint("the service may still carry them out; `hallpass log --follow` shows how each ends"))
}

fn list(context: &Context) -> Result<(), Failure> {
    let stops: AllStops = block_on(async { Client::open(context).await?.read("/v1/stops").await })?;
    if stops == AllStops::default() {
        context.term.say("nothing is stopped");
    }
    context.term.result(&stops, || {
        let mut table = Table::new(["WHAT", "SINCE", "WHY", "UNDO"]);
        if let Some(stop) = &stops.everything {
            let since = stop.since.map(when::at).unwrap_or_default();
            let because = stop.because.as_deref().unwrap_or_default();
            table.row(["everything".into(), since.into(), because.into(), "hallpass resume".into()]);
        }
        for stopped::Stop { target, because, since } in &stops.stops {
            let because = because.as_deref().unwrap_or_default();
            table.row([
                target.to_string().into(),
                when::at(*since).into(),
                because.into(),
                undo(target).into(),
            ]);
        }
        table.render(&context.term)
    })
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
        assert!(failure.hint.is_some_and(|hint| hint.contains("may still carry them out")));
    }

    #[test]
    fn the_command_that_undoes_a_stop_is_one_that_a_shell_reads_as_it_was_meant() {
        assert_eq!(undo(&StopTarget::Task("triage".into())), "hallpass resume --task triage");
        assert_eq!(undo(&StopTarget::Task("it's $HOME".into())), "hallpass resume --task 'it'\\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
