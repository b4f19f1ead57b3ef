//! The authority's verbs, against a scripted provider.

mod answers;
mod approvals;
mod approvers;
mod audit;
mod budgets;
mod connect;
mod export;
mod facts;
mod flood;
mod grants;
mod health;
mod home;
mod once;
mod passes;
mod provenance;
mod provider;
mod prune;
mod refresh;
mod stops;
mod turns;

use std::sync::{Arc, OnceLock};

use datalog::Message;
use tempfile::TempDir;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use verifier::ports::{Credential, LeaseError};

use super::*;
use crate::clock::FixedClock;
use crate::home::Home;
use crate::store::sqlite::behind::{Behind, blob};
use provider::{Provider, Rotation};

const START: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

/// A home, a provider, and a clock that moves only when a test sets it.
struct World {
    dir: TempDir,
    provider: Provider,
    clock: FixedClock,
    /// Lines for `[services.gmail]` in addition to those of the provider.
    settings: String,
}

impl World {
    async fn new() -> Self {
        Self::with(Rotation::Keeps, "").await
    }

    async fn with(rotation: Rotation, settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let world = Self {
            dir,
            provider: Provider::start(rotation).await,
            clock: FixedClock::at(START),
            settings: settings.into(),
        };
        App::init(&world.home(), &Config::default(), &Clock::Fixed(world.clock.clone())).unwrap();
        world
    }

    fn home(&self) -> Home {
        Home::at(self.dir.path().join("home"))
    }

    fn config(&self) -> Config {
        let text = format!("{}\n{}\n", self.provider.settings(), self.settings);
        Config::parse(&text, &self.home()).unwrap()
    }

    fn open(&self) -> Arc<App> {
        self.open_with(self.config()).unwrap()
    }

    /// Opens the home without the file that witnesses the log, for tests of what the chain alone shows.
    fn open_unwitnessed(&self) -> Arc<App> {
        std::fs::remove_file(self.home().checkpoint()).unwrap_or_default();
        let (config, clock) = (self.config(), Clock::Fixed(self.clock.clone()));
        let catalog = Arc::new(Catalog::embedded().unwrap());
        App::open_believing(&self.home(), config, clock, catalog, open::LogHistory::Accepted).unwrap()
    }

    fn open_with(&self, config: Config) -> Result<Arc<App>, OpenError> {
        // Read once, because it is the same for every world.
        static CATALOG: OnceLock<Arc<Catalog>> = OnceLock::new();
        let catalog = CATALOG.get_or_init(|| Arc::new(Catalog::embedded().unwrap())).clone();
        App::open_with(&self.home(), config, Clock::Fixed(self.clock.clone()), catalog)
    }

    /// Opens an authority and connects `gmail`.
    async fn connected(&self) -> Arc<App> {
        let app = self.open();
        connect(&app, &self.provider, None).await.unwrap();
        app
    }

    /// Opens the database as somebody could who can write its file.
    fn behind(&self) -> Behind {
        Behind::of(&self.home().database())
    }
}

fn start(name: Option<&str>) -> ConnectStart {
    ConnectStart {
        service: "gmail".parse().unwrap(),
        name: name.map(|name| name.parse().unwrap()),
        redirect_uri: "http://127.0.0.1:1/callback".into(),
        scopes: Vec::new(),
        client: ClientChoice::default(),
    }
}

/// Runs the whole code flow. The person says yes.
async fn connect(
    app: &Arc<App>,
    provider: &Provider,
    name: Option<&str>,
) -> Result<ConnectionInfo, AppError> {
    let begun = app.begin_connect(start(name)).await?;
    let (state, code) = provider.consent(&begun.authorize_url);
    app.finish_connect(ConnectFinish { state, code: Some(code), ..ConnectFinish::default() }).await
}

/// Runs the same flow for another service at the same provider.
async fn connect_to(app: &Arc<App>, provider: &Provider, service: &str) -> Result<ConnectionInfo, AppError> {
    let begun = app.begin_connect(ConnectStart { service: service.parse().unwrap(), ..start(None) }).await?;
    let (state, code) = provider.consent(&begun.authorize_url);
    app.finish_connect(ConnectFinish { state, code: Some(code), ..ConnectFinish::default() }).await
}

fn gmail() -> ConnectionName {
    "gmail".parse().unwrap()
}

async fn lease(app: &App) -> Result<Credential, LeaseError> {
    let live = app.live().get(&gmail()).cloned().unwrap();
    app.refresher.lease(&live).await
}

/// Returns the token that a lease gives.
async fn token(app: &App) -> String {
    use secrecy::ExposeSecret;
    lease(app).await.unwrap().token.expose_secret().to_owned()
}

/// Polls until `condition` holds.
async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let polled = async {
        while !condition() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(std::time::Duration::from_secs(20), polled).await.is_ok(), "{what}");
}

fn mint_args() -> MintArgs {
    MintArgs { task: "triage my inbox".into(), allow: vec!["gmail:read".into()], ..MintArgs::default() }
}

/// Returns an error as people see it, with its hint.
fn in_full(error: impl Into<Message>) -> String {
    error.into().in_full()
}

const HOUR: Duration = Duration::hours(1);
