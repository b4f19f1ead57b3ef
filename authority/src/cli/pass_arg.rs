//! Where a command gets its pass: the argument, standard input (`-`), or `HALLPASS_PASS`. If a command needs only the
//! words of the pass, the pass's id is enough, because the authority stores those words.
//!
//! Every process of the machine can see an argument, and the help says so. No process can see the other two this way.

use std::io::Read as _;

use clap::Args;
use datalog::Content;
use datalog::inspect::{self, Inspection};
use secrecy::{ExposeSecret as _, SecretString};

use super::client::Client;
use super::failure::Failure;
use super::pass_name;
use crate::cli::context::{Context, block_on};
use crate::cli::pass_name::not_a_pass;

/// Much longer than any pass that would be accepted. Standard input is not read beyond this.
const LONGEST: u64 = 64 * 1024;

/// The pass that a command works on.
#[derive(Debug, Clone, Args)]
pub(super) struct PassArg {
    /// The pass; `-` reads it from standard input, and without one HALLPASS_PASS counts. Commands that only look at a pass
    /// also take its id
    #[arg(value_name = "PASS")]
    pass: Option<String>,
}

impl PassArg {
    /// Returns the pass's text.
    pub(super) fn text(&self, context: &Context) -> Result<SecretString, Failure> {
        let text = text(self.pass.as_deref(), context)?;
        if pass_name::is_name(text.expose_secret()) {
            return Err(Failure::usage("this is a pass's id, not the pass itself")
                .or_hint("only the holder has the text of a pass"));
        }
        Ok(text)
    }

    /// Returns the words of the pass.
    pub(super) fn says(&self, context: &Context) -> Result<Inspection, Failure> {
        says(self.pass.as_deref(), context)
    }

    /// Returns the content of the pass.
    pub(super) fn content(&self, context: &Context) -> Result<Content, Failure> {
        content(self.pass.as_deref(), context)
    }
}

fn says(argument: Option<&str>, context: &Context) -> Result<Inspection, Failure> {
    let text = text(argument, context)?;
    let text = text.expose_secret();
    match pass_name::is_name(text) {
        true => block_on(async { pass_name::says(&Client::open(context).await?, text).await }),
        false => inspect::inspect(text).map_err(|error| not_a_pass(&error)),
    }
}

/// Returns the content of the pass that `argument`, or the environment, names.
pub(super) fn content(argument: Option<&str>, context: &Context) -> Result<Content, Failure> {
    let text = text(argument, context)?;
    let text = text.expose_secret();
    match pass_name::is_name(text) {
        true => says(Some(text), context)?.content().map_err(Failure::failed),
        false => inspect::read(text).map_err(|error| not_a_pass(&error)),
    }
}

/// Returns the pass that `argument` names, or the one in the environment.
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
    std::io::stdin()
        .take(LONGEST)
        .read_to_string(&mut text)
        .map_err(|error| Failure::failed(format!("the pass cannot be read from standard input: {error}")))?;
    Ok(SecretString::from(text))
}
