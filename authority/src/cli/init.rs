//! `hallpass init`: makes the home. Repeating it changes nothing.

use clap::Args;

use super::Context;
use super::failure::Failure;
use super::term::Tone;
use crate::app::{App, InitOutcome};

/// Make the root key, the vault key and the database
#[derive(Debug, Args)]
#[command(after_help = "Example: hallpass init && hallpass connect gmail")]
pub(super) struct Init {}

impl Init {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let report = App::init(&context.home()?).map_err(Failure::failed)?;
        let term = &context.term;
        match report.outcome {
            InitOutcome::Created => {
                term.say_in(Tone::Good, "made the root key, the vault key and the database");
                term.say(format!("settings: {}", report.config_file.display()));
                term.say("next: `hallpass connect SERVICE`, then `hallpass serve`");
            }
            InitOutcome::AlreadyThere => term.say("it was there already; nothing was changed"),
        }
        term.result(&report, || report.home.display().to_string())
    }
}
