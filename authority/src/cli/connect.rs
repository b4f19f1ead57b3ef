//! `hallpass connect`: a person links an account by OAuth, in a browser or with a code on another device.
//!
//! The browser comes back to a listener of this process, or the person pastes the address. The authority makes the
//! exchange, so no token ever comes here.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use datalog::{Account, ConnectionName, ServiceName};
use url::Url;

use super::browser::{self, BrowserOpened};
use super::callback::{Callback, Heard};
use super::client::Client;
use super::connections::say_concerns;
use super::failure::Failure;
use super::number;
use super::pasted::Pasted;
use super::plain::inline;
use super::term::Tone;
use crate::app::{
    ClientChoice, ConnectBegun, ConnectFinish, ConnectStart, ConnectionInfo, DeviceBegun, DevicePoll,
    DeviceStart,
};
use crate::cli::context::{Context, block_on};

/// Link an account by OAuth
///
/// The tokens stay in the authority's vault. Hallpass uses the OAuth client from hallpass.toml, or the one you give here.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hallpass connect gmail --client-secrets ~/Downloads/client_secret.json
  hallpass connect github --as github-work --device")]
pub(super) struct Connect {
    /// The service to connect, as `hallpass services` lists it
    service: ServiceName,
    /// Your own name for this connection [default: the service's name]
    #[arg(long = "as", value_name = "NAME")]
    name: Option<ConnectionName>,
    /// Show a code that you enter on any device; start no browser here
    #[arg(long, conflicts_with_all = ["no_browser", "redirect_port"])]
    device: bool,
    /// Print the address to open instead of starting a browser
    #[arg(long)]
    no_browser: bool,
    /// The port on 127.0.0.1 to which the browser returns [default: a free one]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = number::port)]
    redirect_port: u16,
    /// Ask for this scope instead of the service's own
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The account's name, if the service cannot say whose it is
    #[arg(long, value_name = "NAME")]
    account: Option<Account>,
    /// The OAuth client's id
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The file that holds only the OAuth client's secret
    #[arg(long, value_name = "FILE", requires = "client_id")]
    client_secret_file: Option<PathBuf>,
    /// The client_secret.json from the Google Cloud console
    #[arg(long, value_name = "FILE", conflicts_with_all = ["client_id", "client_secret_file"])]
    client_secrets: Option<PathBuf>,
}

impl Connect {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let connection = block_on(async {
            let client = Client::open(context).await?;
            if self.device {
                self.with_device(&client, context).await
            } else {
                self.with_browser(&client, context).await
            }
        })?;
        let term = &context.term;
        term.say_in(Tone::Good, format!("connected {} as `{}`", connection.account, connection.name));
        term.say(format!(
            "an SDK's base URL: {}",
            connection.own_base_url.as_ref().unwrap_or(&connection.base_url)
        ));
        say_concerns(term, &connection);
        term.say(format!("next: `hallpass mint 'what it is for' --allow {}:read`", connection.name));
        term.result(&connection, || connection.name.to_string())
    }

    async fn with_browser(&self, client: &Client, context: &Context) -> Result<ConnectionInfo, Failure> {
        let callback = Callback::listen(self.redirect_port).await?;
        let start = ConnectStart {
            service: self.service.clone(),
            name: self.name.clone(),
            redirect_uri: callback.redirect_uri(),
            scopes: self.scopes.clone(),
            client: self.client()?,
        };
        let begun: ConnectBegun = client.post("/v1/attempts/code", &start).await?;
        let state = state_of(&begun.authorize_url)?;
        let address = inline(&begun.authorize_url);
        let tunnel = tunnel(callback.port(), context);
        let shown = serde_json::json!({ "open": begun.authorize_url, "tunnel": tunnel });
        if self.no_browser || browser::open(&begun.authorize_url) == BrowserOpened::No {
            context.term.notice(&shown, || format!("open this address in a browser:\n\n  {address}\n"));
        } else {
            context.term.say_lines(format!("a browser opens; if it does not, open\n\n  {address}\n"));
        }
        context.term.say_lines(format!(
            "where the browser is on another machine, run this there first\n\n  {}\n\n\
             or paste here the address that it ends at, which does not open there\n",
            inline(&tunnel)
        ));
        context.term.say("waiting for your consent …");
        let expected = [sent_back_to(&begun.authorize_url), Some(callback.redirect_uri())];
        let expected: Vec<String> = expected.into_iter().flatten().collect();
        let heard = tokio::select! {
            heard = callback.heard(&state, Duration::from_secs(begun.expires_in)) => heard?,
            heard = Pasted::from_stdin().heard(&expected, &state, &context.term) => heard,
        };
        context.term.say("consent received; fetching the tokens …");
        client.post("/v1/attempts/code/callback", &finish(begun.attempt, state, heard)).await
    }

    async fn with_device(&self, client: &Client, context: &Context) -> Result<ConnectionInfo, Failure> {
        let start = DeviceStart {
            service: self.service.clone(),
            name: self.name.clone(),
            scopes: self.scopes.clone(),
            client: self.client()?,
        };
        let begun: DeviceBegun = client.post("/v1/attempts/device", &start).await?;
        context.term.notice(&begun, || {
            let complete = begun.verification_uri_complete.as_ref();
            let shortcut = complete.map(|url| format!("\n(or open {})", inline(url))).unwrap_or_default();
            format!(
                "open {} on any device and enter\n\n  {}\n{shortcut}",
                inline(&begun.verification_uri),
                inline(&begun.user_code)
            )
        });
        context.term.say("waiting for your consent …");
        let give_up = Instant::now() + Duration::from_secs(begun.expires_in);
        let mut interval = begun.interval;
        while Instant::now() < give_up {
            tokio::time::sleep(Duration::from_secs(interval)).await;
            match client.post(&format!("/v1/attempts/device/{}", begun.attempt), &()).await? {
                DevicePoll::Pending { interval: next } => interval = next,
                DevicePoll::Connected { connection } => return Ok(*connection),
            }
        }
        Err(Failure::failed(format!("the code was not entered within {} s", begun.expires_in))
            .or_hint("run the command again for a new code"))
    }

    fn client(&self) -> Result<ClientChoice, Failure> {
        let file = self.client_secrets.as_ref().or(self.client_secret_file.as_ref());
        // The authority has another working directory.
        let absolute = file.map(|file| {
            file.canonicalize().map_err(|error| {
                Failure::usage(format!("the client's secret `{}` cannot be read: {error}", file.display()))
            })
        });
        let client_secret_file = absolute.transpose()?;
        let (account, client_id) = (self.account.clone(), self.client_id.clone());
        Ok(ClientChoice { account, client_id, client_secret_file })
    }
}

/// Returns the state that the browser must bring back.
fn state_of(authorize_url: &str) -> Result<String, Failure> {
    parameter(authorize_url, "state")
        .ok_or_else(|| Failure::failed(format!("expected an address with a state, got `{authorize_url}`")))
}

/// Returns the address to which the provider sends the browser.
fn sent_back_to(authorize_url: &str) -> Option<String> {
    parameter(authorize_url, "redirect_uri")
}

fn parameter(url: &str, wanted: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

/// Returns the command that brings a browser's redirect here from another machine.
fn tunnel(port: u16, context: &Context) -> String {
    let host = context.environment.ssh_host.as_deref().unwrap_or("HOST");
    format!("ssh -L {port}:127.0.0.1:{port} {host}")
}

fn finish(attempt: String, state: String, heard: Heard) -> ConnectFinish {
    ConnectFinish {
        attempt: Some(attempt),
        state,
        code: heard.code,
        iss: heard.iss,
        error: heard.error,
        error_description: heard.error_description,
    }
}
