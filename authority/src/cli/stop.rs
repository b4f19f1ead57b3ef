//! `hallpass stop`: the emergency stop. No request of any pass is forwarded until `stop --resume`.

use clap::Args;

use super::client::Client;
use super::failure::Failure;
use super::term::Tone;
use super::{Context, block_on};
use crate::app::StopReport;

/// Forward no more requests of any pass, at once
#[derive(Debug, Args)]
pub(super) struct Stop {
    /// Lift the stop
    #[arg(long)]
    resume: bool,
}

impl Stop {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let report: StopReport = block_on(async {
            let client = Client::open(context).await?;
            if self.resume { client.delete("/v1/stop").await } else { client.put("/v1/stop").await }
        })?;
        let text = if report.stopped {
            context.term.say_in(Tone::Warn, "no request is forwarded until `hallpass stop --resume`");
            "stopped"
        } else {
            context.term.say_in(Tone::Good, "requests are decided by their passes again");
            "running"
        };
        context.term.result(&report, || text.into())
    }
}
