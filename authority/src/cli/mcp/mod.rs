//! `hallpass mcp`: a bridge for MCP clients that start a program and speak over its standard input and output.
//!
//! Each line is one message. It goes to the gateway with a pass that the bridge minted from a template, and the answer
//! comes back as a line. The pass is minted again when it has run out, and revoked when the client goes away. Inside
//! `hallpass run`, the bridge uses that run's pass and mints none.

mod bridge;
mod message;
mod renewal;

use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use datalog::ConnectionName;
use secrecy::ExposeSecret as _;

use super::failure::Failure;
use super::from_template::{self, TemplatePass};
use super::term::Tone;
use super::when;
use crate::cli::context::{Context, block_on};
use bridge::Bridge;
use renewal::Renewal;

/// Serve a pass to an MCP client over standard input and output
///
/// For a client that starts its MCP servers as programs: `hallpass agent add` writes its configuration. The pass is
/// minted from the template when the client starts this, minted again when it runs out, and revoked at the end. Inside
/// `hallpass run` no template is needed: the run's own pass is used.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: hallpass mcp --template inbox-triage")]
pub(super) struct Mcp {
    /// The template of the pass (`hallpass templates` lists them)
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// Show the tools of this connection alone
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,
}

impl Mcp {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        block_on(async {
            match (&self.template, outer(context)) {
                // A template would be a second pass, which the run neither narrows nor ends.
                (_, Some((gateway, pass))) => {
                    if self.template.is_some() {
                        context.term.say_in(Tone::Quiet, "uses the pass of the run, and not the template");
                    }
                    let bridge = Arc::new(self.bridge(&gateway, pass)?);
                    bridge.serve(None).await
                }
                (Some(template), None) => self.with_a_template(context, template).await,
                (None, None) => Err(Failure::usage("expected --template NAME, got none")
                    .or_hint("`hallpass templates` lists them; inside `hallpass run` none is needed")),
            }
        })
    }

    async fn with_a_template(&self, context: &Context, template: &str) -> Result<(), Failure> {
        let TemplatePass { minted, gateway } = from_template::mint(context, template).await?;
        let ends = when::at(minted.info.expires);
        context.term.say_in(Tone::Quiet, format!("pass {} of `{template}`, until {ends}", minted.info.id));
        let bridge = Arc::new(self.bridge(&gateway, minted.pass.clone())?);
        let renewal = Renewal { context, template, minted: Mutex::new(minted) };
        let served = bridge.serve(Some(&renewal)).await;
        let last = renewal.minted.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Err(failure) =
            from_template::revoke(context, last.info.id.as_str(), "the client has ended").await
        {
            context.term.warn(failure.message);
        }
        served
    }

    fn bridge(&self, gateway: &str, pass: String) -> Result<Bridge, Failure> {
        let url = match &self.connection {
            Some(name) => format!("{gateway}/{name}/mcp"),
            None => format!("{gateway}/mcp"),
        };
        Bridge::new(&url, pass)
    }
}

/// Returns the gateway and the pass of the run that this command is within.
fn outer(context: &Context) -> Option<(String, String)> {
    let pass = context.environment.pass.as_ref()?.expose_secret().to_owned();
    Some((context.environment.gateway.clone()?, pass))
}
