//! The stage of the story: a temporary home, the provider, and an authority with its gateway.
//!
//! Authority and gateway start as in `hallpass serve`, on free ports. The person's own home is not read or written.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use secrecy::SecretString;
use tempfile::TempDir;

use super::provider::{self, DemoProvider};
use crate::app::App;
use crate::clock::Clock;
use crate::config::types::{Config, RefreshStyle, ServiceConfig};
use crate::home::Home;
use crate::serve::{self, Server};

const PATIENCE: Duration = Duration::from_secs(5);
/// This time is short, so that the story's tokens soon end.
const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(600);

pub(super) struct Stage {
    pub(super) provider: DemoProvider,
    pub(super) server: Server,
    // The folder is removed with the stage.
    _folder: TempDir,
}

impl Stage {
    pub(super) async fn build(clock: Clock) -> anyhow::Result<Self> {
        let options =
            provider::shared::Options { access_token_lifetime: ACCESS_TOKEN_LIFETIME, now: clock.now() };
        let provider = DemoProvider::start(options).await.context("the demo's provider does not start")?;
        let folder = tempfile::Builder::new().prefix("hallpass-demo-").tempdir()?;
        let home = Home::at(folder.path().join("home"));
        App::init(&home, &Config::default(), &clock)?;
        let server = serve::start(&home, config(&provider)?, clock, PATIENCE).await?;
        Ok(Self { provider, server, _folder: folder })
    }

    pub(super) fn gateway(&self) -> SocketAddr {
        self.server.ready().gateway
    }

    pub(super) fn app(&self) -> &Arc<App> {
        self.server.app()
    }

    /// Ends the server and the provider.
    pub(super) async fn strike(self) -> anyhow::Result<()> {
        self.server.drain().await;
        self.provider.stop().await.context("the demo's provider failed")
    }
}

/// Returns the configuration that points `gmail` at the provider.
fn config(provider: &DemoProvider) -> anyhow::Result<Config> {
    let url = |path: &str| Some(format!("{}{path}", provider.base_url()));
    let gmail = ServiceConfig {
        base_url: url(""),
        authorize_url: url(provider::AUTHORIZE_PATH),
        token_url: url(provider::TOKEN_PATH),
        revoke_url: url(provider::REVOKE_PATH),
        userinfo_url: url(provider::USERINFO_PATH),
        account_field: Some("email".to_owned()),
        issuer: url(""),
        client_id: Some(provider::shared::CLIENT_ID.to_owned()),
        client_secret: Some(SecretString::from(provider.client_secret().to_owned())),
        refresh: Some(RefreshStyle::Rotates),
        ..ServiceConfig::default()
    };
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    Ok(Config {
        gateway_listen: free,
        authority_listen: free,
        services: BTreeMap::from([("gmail".parse()?, gmail)]),
        ..Config::default()
    })
}
