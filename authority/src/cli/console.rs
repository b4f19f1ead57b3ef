//! `hallpass console`: signs a person in to the console, by a link that works once.

use clap::Args;
use datalog::ApproverName;

use super::browser::{self, BrowserOpened};
use super::client::Client;
use super::failure::Failure;
use crate::app::{SignInArgs, SignInLink};
use crate::cli::context::{Context, block_on};

/// Open the console in a browser, signed in
#[derive(Debug, Args)]
pub(super) struct ConsoleCommand {
    /// Print the link alone, and start no browser
    #[arg(long)]
    no_browser: bool,
    /// The approver you answer as [default: owner; if there are others, the console asks each time]
    #[arg(long = "as", value_name = "NAME")]
    by: Option<ApproverName>,
}

impl ConsoleCommand {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let link: SignInLink = block_on(async {
            let client = Client::needed(context, "there is no console to open").await?;
            client.post("/v1/console/links", &SignInArgs { by: self.by.clone() }).await
        })?;
        let opened = if self.no_browser { BrowserOpened::No } else { browser::open(&link.url) };
        context.term.say(match opened {
            BrowserOpened::Yes => {
                "a browser opens; if it does not, open this link. It works once, for two minutes"
            }
            BrowserOpened::No => {
                "open this link in a browser on this machine; it works once, for two minutes"
            }
        });
        context.term.say(match &link.by {
            Some(name) => format!("you answer as `{name}` there"),
            None => "there are several approvers: each answer asks who you are, unless you sign in with `--as NAME`".into(),
        });
        context.term.result(&link, || link.url.clone())
    }
}
