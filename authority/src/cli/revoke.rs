//! `hallpass revoke`: takes passes back. It holds from the next request on, for everything attenuated from them too.

use clap::Args;
use datalog::RevocationId;

use super::client::Client;
use super::failure::Failure;
use super::stop::all_recalled;
use super::term::Tone;
use super::{Context, block_on};
use crate::app::{RevokeArgs, RevokeReport};

/// Take passes back, with everything attenuated from them
#[derive(Debug, Args)]
#[command(after_help = "\
ID is a pass id (`hallpass passes` lists them), or the revocation id of a delegated block (`hallpass inspect` shows it).

Example: hallpass revoke p_0123456789abcdefghijkl --because 'the agent went astray'")]
pub(super) struct Revoke {
    /// What to revoke
    #[arg(required = true, value_name = "ID")]
    ids: Vec<RevocationId>,
    /// Why, for the log
    #[arg(long, value_name = "TEXT")]
    because: Option<String>,
}

impl Revoke {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let args = RevokeArgs { ids: self.ids, because: self.because };
        let report: RevokeReport =
            block_on(async { Client::open(context).await?.post("/v1/revocations", &args).await })?;
        for id in &report.already {
            context.term.say(format!("`{id}` was revoked before"));
        }
        for id in &report.unknown {
            let text = format!("`{id}` is none that was minted here; it is refused from now on all the same");
            context.term.say_in(Tone::Warn, text);
        }
        context.term.result(&report, || report.revoked.iter().map(|id| format!("{id}\n")).collect())?;
        all_recalled(report.not_recalled)
    }
}
