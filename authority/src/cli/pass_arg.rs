//! Where a pass comes from: the argument, standard input (`-`), or `HALLPASS_PASS`.
//!
//! An argument is visible to every process of the machine; the help says so, and the other two are not.

use std::io::Read as _;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use super::Context;
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
    pub(super) fn text(&self, context: &Context) -> Result<SecretString, Failure> {
        text(self.pass.as_deref(), context)
    }
}

/// The pass named by `argument`, or the one in the environment where there is none.
pub(super) fn text(argument: Option<&str>, context: &Context) -> Result<SecretString, Failure> {
    let text = match argument {
        Some("-") => from_stdin()?,
        Some(text) => SecretString::from(text),
        None => context.environment.pass.clone().ok_or_else(missing)?,
    };
    match text.expose_secret().trim() {
        "" => Err(missing()),
        trimmed => Ok(SecretString::from(trimmed)),
    }
}

fn missing() -> Failure {
    Failure::usage("expected a pass, got none")
        .or_hint("set HALLPASS_PASS, pipe the pass in and write `-`, or give it as the argument")
}

fn from_stdin() -> Result<SecretString, Failure> {
    let mut text = String::new();
    std::io::stdin().take(LONGEST).read_to_string(&mut text).map_err(|error| {
        Failure::failed(format_args!("the pass cannot be read from standard input: {error}"))
    })?;
    Ok(SecretString::from(text))
}

/// What is said of a text that is no pass. The text itself is not repeated: it may be another secret.
pub(super) fn not_a_pass(error: &datalog::ReadError) -> Failure {
    Failure::usage(format_args!("this is not a pass: {error}"))
        .or_hint("a pass is the one line that `hallpass mint` prints; it begins with `hallpass_`")
}
