//! `hallpass init`: makes the home. Repeating it changes nothing.

use clap::Args;

use super::failure::Failure;
use super::plain::inline;
use super::term::Tone;
use crate::app::{App, InitOutcome};
use crate::cli::context::Context;

/// Make the root key, the vault key and the database
#[derive(Debug, Args)]
#[command(after_help = "Example: hallpass init && hallpass connect gmail")]
pub(super) struct Init {}

impl Init {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let home = context.home()?;
        let report = App::init(&home, &context.config(&home)?, &context.clock).map_err(Failure::failed)?;
        let term = &context.term;
        match report.outcome {
            InitOutcome::Created => {
                term.say_in(Tone::Good, "made the root key, the vault key and the database");
                term.say(format!("settings: {}", report.config_file.display()));
                term.say("next: `hallpass connect SERVICE`, then `hallpass serve`");
            }
            InitOutcome::AlreadyThere => term.say("it was there already; nothing was changed"),
        }
        term.result(&report, || inline(&report.home.display().to_string()))
    }
}
