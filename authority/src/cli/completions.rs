//! `hallpass completions`: a shell's completion script, generated from the command's own definitions.

use clap::Args;
use clap_complete::Shell;
use serde::Serialize;

use super::failure::Failure;
use crate::cli::context::Context;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(
    after_help = "Example: hallpass completions bash > ~/.local/share/bash-completion/completions/hallpass"
)]
pub(super) struct Completions {
    /// The shell to complete for
    shell: Shell,
}

#[derive(Debug, Serialize)]
struct Script {
    shell: String,
    script: String,
}

impl Completions {
    pub(super) fn run(&self, context: &Context, mut definitions: clap::Command) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut definitions, "hallpass", &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        let script = Script { shell: self.shell.to_string(), script };
        context.term.result(&script, || script.script.clone())
    }
}
