//! `hallpass log accept-restored`: accepts a database that may not be the newest. Every pass ends.

use clap::Args;

use crate::app::App;
use crate::cli::context::{Context, block_on};
use crate::cli::failure::Failure;

/// Accept a database that was restored, and end every pass
///
/// A database from a backup may lack revocations. So Hallpass makes a new root key and retires every older one, which
/// ends all passes. Connections stay; if a provider has renewed an account's tokens since, connect it again. Stop
/// `hallpass serve` first.
#[derive(Debug, Clone, Args)]
pub(super) struct AcceptRestored {
    /// Do it; without this flag the command only says what it would do
    #[arg(long)]
    yes: bool,
}

impl AcceptRestored {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        if !self.yes {
            return Err(Failure::usage("this ends every pass that was minted so far")
                .or_hint("add `--yes` to do it: `hallpass log accept-restored --yes`"));
        }
        let home = context.home()?;
        let config = context.config(&home)?;
        let report = block_on(async {
            App::accept_restored(&home, config, context.clock.clone()).await.map_err(Failure::failed)
        })?;
        context.term.say(format!(
            "root key {} mints from now on; every pass that was minted before has ended (audit record {})",
            report.root_key, report.record
        ));
        context.term.result(&report, || "accepted".to_owned())
    }
}
