//! `hallpass connect`: a person links an account by OAuth, in a browser or with a code on another device.
//!
//! The browser's way back is a listener of this process; the exchange itself is the authority's, and no token
//! ever comes here.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use datalog::{Account, ConnectionName, ServiceName};
use url::Url;

use super::browser::{self, Opened};
use super::callback::{Callback, Heard};
use super::client::Client;
use super::failure::Failure;
use super::term::Tone;
use super::{Context, block_on};
use crate::app::{
    ClientChoice, ConnectBegun, ConnectFinish, ConnectStart, ConnectionInfo, DeviceBegun, DevicePoll,
    DeviceStart,
};

/// Link an account by OAuth
///
/// The tokens stay in the authority's vault. The OAuth client is the one that hallpass.toml names for the service, or
/// the one given here.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hallpass connect gmail --client-secrets ~/Downloads/client_secret.json
  hallpass connect github --as github-work --device")]
pub(super) struct Connect {
    /// The service to connect, as `hallpass services` lists it
    service: ServiceName,
    /// A name of your own for this connection [default: the service's]
    #[arg(long = "as", value_name = "NAME")]
    name: Option<ConnectionName>,
    /// Show a code to enter on any device instead of waiting for a browser here
    #[arg(long, conflicts_with_all = ["no_browser", "redirect_port"])]
    device: bool,
    /// Print the address to open instead of starting a browser
    #[arg(long)]
    no_browser: bool,
    /// The port of 127.0.0.1 that the browser comes back to [default: a free one]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    redirect_port: u16,
    /// A scope to ask for instead of the service's own
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Whose account it is, where the service has no way to say so
    #[arg(long, value_name = "NAME")]
    account: Option<Account>,
    /// The OAuth client's id
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// A file that holds the OAuth client's secret and nothing else
    #[arg(long, value_name = "FILE", requires = "client_id")]
    client_secret_file: Option<PathBuf>,
    /// The client_secret.json that the Google Cloud console offers
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
        let shown = serde_json::json!({ "open": begun.authorize_url });
        if self.no_browser || browser::open(&begun.authorize_url) == Opened::No {
            context
                .term
                .notice(&shown, || format!("open this address in a browser:\n\n  {}\n", begun.authorize_url));
        } else {
            context.term.say(format!("a browser opens; if it does not, open\n\n  {}\n", begun.authorize_url));
        }
        context.term.say("waiting for your consent …");
        let heard = callback.heard(&state, Duration::from_secs(begun.expires_in)).await?;
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
            let shortcut = complete.map(|url| format!("\n(or open {url})")).unwrap_or_default();
            format!(
                "open {} on any device and enter\n\n  {}\n{shortcut}",
                begun.verification_uri, begun.user_code
            )
        });
        context.term.say("waiting for your consent …");
        let give_up = Instant::now() + Duration::from_secs(begun.expires_in);
        let mut interval = begun.interval;
        while Instant::now() < give_up {
            tokio::time::sleep(Duration::from_secs(interval)).await;
            match client.post(&format!("/v1/attempts/device/{}", begun.attempt), &()).await? {
                DevicePoll::Pending { interval: next } => interval = next,
                DevicePoll::Connected { connection } => return Ok(connection),
            }
        }
        Err(Failure::failed(format_args!("the code was not entered within {} s", begun.expires_in))
            .or_hint("run the command again for a new code"))
    }

    fn client(&self) -> Result<ClientChoice, Failure> {
        let file = self.client_secrets.as_ref().or(self.client_secret_file.as_ref());
        // The authority has another working directory.
        let absolute = file.map(|file| {
            file.canonicalize().map_err(|error| {
                Failure::usage(format_args!(
                    "the client's secret `{}` cannot be read: {error}",
                    file.display()
                ))
            })
        });
        let client_secret_file = absolute.transpose()?;
        let (account, client_id) = (self.account.clone(), self.client_id.clone());
        Ok(ClientChoice { account, client_id, client_secret_file })
    }
}

/// The state that the browser must bring back.
fn state_of(authorize_url: &str) -> Result<String, Failure> {
    Url::parse(authorize_url)
        .ok()
        .and_then(|url| {
            url.query_pairs().find(|(name, _)| name == "state").map(|(_, state)| state.into_owned())
        })
        .ok_or_else(|| {
            Failure::failed(format_args!("expected an address with a state, got `{authorize_url}`"))
        })
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
