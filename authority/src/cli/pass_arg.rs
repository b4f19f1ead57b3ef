//! Where a pass comes from: the argument, standard input (`-`), or `HALLPASS_PASS`.
//!
//! An argument is visible to every process of the machine; the help says so, and the other two are not.

use std::io::Read as _;

use clap::Args;

use super::failure::Failure;

/// Far above any pass that would be admitted; standard input is not read past it.
const LONGEST: u64 = 64 * 1024;

/// The pass that a command works on.
#[derive(Debug, Clone, Args)]
pub(super) struct PassArg {
    /// The pass, or `-` to read it from standard input; without it, the pass in HALLPASS_PASS
    #[arg(value_name = "PASS")]
    pass: Option<String>,
}

impl PassArg {
    /// The pass's text.
    pub(super) fn text(&self) -> Result<String, Failure> {
        text(self.pass.as_deref())
    }
}

/// The pass named by `argument`, or the one in the environment where there is none.
pub(super) fn text(argument: Option<&str>) -> Result<String, Failure> {
    let text = match argument {
        Some("-") => from_stdin()?,
        Some(text) => text.to_owned(),
        None => super::environment::pass().ok_or_else(missing)?,
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(missing());
    }
    Ok(text.to_owned())
}

fn missing() -> Failure {
    Failure::usage("expected a pass, got none")
        .or_hint("set HALLPASS_PASS, pipe the pass in and write `-`, or give it as the argument")
}

fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().take(LONGEST).read_to_string(&mut text).map_err(|error| {
        Failure::failed(format_args!("the pass cannot be read from standard input: {error}"))
    })?;
    Ok(text)
}
