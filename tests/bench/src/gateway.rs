//! The gateway as it ships: `hallpass serve` on a home that was connected and minted for this run.
//!
//! The process runs the same function as the `hallpass` binary, with everything on: the log at its default, a durable
//! audit, passes with a budget.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use authority::Clock;
use authority::app::{App, ConnectFinish, ConnectStart, MintArgs};
use authority::config::{Config, Environment};
use authority::home::Home;
use datalog::catalog::Catalog;
use datalog::{AttenuateArgs, Narrowing, flags};
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::process::{self, Proxy};

/// The path of the connection on the gateway.
pub(crate) const PREFIX: &str = "/gmail";
/// More than any run takes from a budget.
const BUDGET: u64 = 1_000_000_000;

/// A home with a connection, and passes for it.
pub(crate) struct Bed {
    folder: TempDir,
    /// The pass as it was minted.
    pub(crate) one_block: String,
    /// The same pass, attenuated three times.
    pub(crate) four_blocks: String,
}

impl Bed {
    pub(crate) fn make(upstream: SocketAddr) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("hallpass-bench-").tempdir()?;
        let home = Home::at(folder.path().join("home"));
        App::init(&home, &Config::default(), &Clock::System)?;
        std::fs::write(home.config_file(), config(upstream))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (one_block, four_blocks) = runtime.block_on(passes(&home))?;
        Ok(Self { folder, one_block, four_blocks })
    }

    /// The socket on which the authority of the running gateway listens for people.
    pub(crate) fn socket(&self) -> PathBuf {
        Home::at(self.folder.path().join("home")).socket()
    }

    /// Starts the gateway on this home.
    pub(crate) fn serve(&self) -> anyhow::Result<Proxy> {
        let home = self.folder.path().join("home");
        Proxy::start(&["gateway", home.to_str().context("the temporary folder's name is not UTF-8")?])
    }
}

/// Runs `hallpass serve`, until the benchmark goes away.
pub(crate) fn run(home: &Path) -> ExitCode {
    process::end_with_parent();
    let arguments = ["hallpass", "--json", "--home"].map(OsString::from);
    authority::cli::run(arguments.into_iter().chain([home.into(), "serve".into()]))
}

fn config(upstream: SocketAddr) -> String {
    format!(
        r#"[gateway]
listen = "127.0.0.1:0"
[authority]
listen = "127.0.0.1:0"
[services.gmail]
base_url = "http://{upstream}"
authorize_url = "http://{upstream}/authorize"
token_url = "http://{upstream}/token"
userinfo_url = "http://{upstream}/userinfo"
account_field = "email"
client_id = "bench"
"#
    )
}

async fn passes(home: &Home) -> anyhow::Result<(String, String)> {
    let app = App::open(home, Config::load(home, &Environment::default())?, Clock::System)?;
    let begun = app
        .begin_connect(ConnectStart {
            service: "gmail".parse()?,
            name: None,
            // Nobody listens there: the upstream asks nobody, and the benchmark makes up the answer.
            redirect_uri: "http://127.0.0.1:1/callback".to_owned(),
            scopes: Vec::new(),
            client: Default::default(),
        })
        .await?;
    let state = url::Url::parse(&begun.authorize_url)?
        .query_pairs()
        .find(|(name, _)| name == "state")
        .map(|(_, state)| state.into_owned())
        .context("the authorize URL has no state")?;
    let finish = ConnectFinish {
        attempt: Some(begun.attempt),
        state,
        code: Some("code".to_owned()),
        ..ConnectFinish::default()
    };
    app.finish_connect(finish).await?;
    let minted = app.mint(terms()).await?;
    let four_blocks = attenuated(&minted.pass, app.clock().now())?;
    app.close().await;
    Ok((minted.pass, four_blocks))
}

/// The terms of the benchmark's passes.
pub(crate) fn terms() -> MintArgs {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    let limits = ["gmail.users.messages.list", "gmail.users.drafts.create"];
    MintArgs {
        task: "bench".to_owned(),
        allow: words(&["gmail:read", "gmail.users.drafts.create"]),
        ask: words(&["gmail:send"]),
        deny: words(&["gmail:delete", "gmail.users.settings.*"]),
        narrow: Narrowing::default()
            .with(&flags::FOR, ["8h"])
            .with(&flags::LIMIT, limits.map(|operation| format!("{operation}={BUDGET}")).to_vec()),
        ..MintArgs::default()
    }
}

/// The pass with three more blocks, each of which narrows it a little.
pub(crate) fn attenuated(pass: &str, now: OffsetDateTime) -> anyhow::Result<String> {
    let services: Vec<_> = Catalog::embedded()?.services().cloned().collect();
    let mut pass = pass.to_owned();
    for only in [
        &["gmail:read", "gmail.users.drafts.*"][..],
        &["gmail.users.messages.*", "gmail.users.drafts.*"],
        &["gmail.users.messages.list", "gmail.users.drafts.create"],
    ] {
        let only = only.iter().map(ToString::to_string).collect();
        let args = AttenuateArgs { only, ..AttenuateArgs::default() };
        pass = datalog::attenuate(&pass, &args, &services, now)?.text;
    }
    Ok(pass)
}
