//! `hallpass console`: signs a person in to the console, by a link that works once.

use clap::Args;

use super::browser::{self, Opened};
use super::client::Client;
use super::failure::Failure;
use super::{Context, block_on};
use crate::app::{OpenError, SignInLink};

/// Open the console in a browser, signed in
#[derive(Debug, Args)]
pub(super) struct Console {
    /// Print the link alone, and start no browser
    #[arg(long)]
    no_browser: bool,
}

impl Console {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let home = context.home()?;
        if !home.is_initialised() {
            return Err(Failure::failed(OpenError::NotInitialised(home.dir().to_owned())));
        }
        let link: SignInLink = block_on(async {
            let client = Client::running(&home).await?.ok_or_else(|| {
                Failure::failed("no authority runs on this home, so there is no console to open")
                    .or_hint("start one with `hallpass serve`")
            })?;
            client.post("/v1/console/links", &()).await
        })?;
        let opened = if self.no_browser { Opened::No } else { browser::open(&link.url) };
        context.term.say(match opened {
            Opened::Yes => "a browser opens; if it does not, open this link. It works once, for two minutes",
            Opened::No => "open this link in a browser on this machine; it works once, for two minutes",
        });
        context.term.result(&link, || link.url.clone())
    }
}
