//! `connect`: gets an account's tokens once, with a person's consent.
//!
//! Both flows (by code here, by device in `device`) end in `keep`. It finds the account and the name, seals the tokens
//! and stores them; only then are they lent.

mod device;
mod keep;

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use datalog::catalog::Service;
use datalog::{Account, ConnectionName, Message, ServiceName};
use time::Duration;
use url::{Host, Url};

use crate::app::{App, AppError, ClientChoice, ConnectBegun, ConnectFinish, ConnectStart, ConnectionInfo};
use crate::audit::{hex, plain};
use crate::config::ClientSecretFile;
use crate::config::types::ServiceConfig;
use crate::nearest;
use crate::oauth::{self, Attempt, CodeFlow, Connecting, Flow, OAuthClient, Provider, TakenCode};
use crate::vault::random;

/// How long a person has (RFC 6749, section 4.1.2 advises ten minutes for the code).
const LIFETIME: Duration = Duration::minutes(10);

/// The names of the gateway's own pages, which stand where the names of connections stand.
const OWN_PAGES: [&str; 5] = ["mcp", "pass", "approvals", "proposals", "oauth"];

fn not_the_gateways(name: &str) -> Result<(), AppError> {
    if !OWN_PAGES.contains(&name) {
        return Ok(());
    }
    let message =
        Message::new(format!("`{name}` is a page of the gateway, and no connection can have its name"));
    Err(AppError::invalid(message.hint("choose another name with `--as`")))
}

impl App {
    /// Begins an authorization code flow.
    #[expect(clippy::unused_async, reason = "the verbs are alike to whoever calls them")]
    pub async fn begin_connect(&self, start: ConnectStart) -> Result<ConnectBegun, AppError> {
        check_redirect(&start.redirect_uri)?;
        let connecting = self.connecting(start.service, start.name, start.scopes, &start.client)?;
        let Connecting { provider, client, scopes, .. } = &connecting;
        // The browser always returns to a loopback address: directly, or because the configured address forwards it
        // there.
        let redirect_uri = provider.redirect_uri.clone().unwrap_or(start.redirect_uri);
        let known = connecting.name().ok().and_then(|name| self.live().get(&name).cloned());
        let known = known.filter(|live| live.service == connecting.service).map(|live| live.account.clone());
        let account = connecting.account.clone().or(known);
        let account = account.as_ref().map(Account::as_str);
        let begun = oauth::authorize(provider, client, &redirect_uri, scopes, account)
            .map_err(|failure| AppError::provider(&failure))?;
        let flow = CodeFlow { state: begun.state, verifier: begun.verifier, redirect_uri };
        let attempt = self.remember(connecting, Flow::Code(flow), LIFETIME)?;
        let expires_in = LIFETIME.whole_seconds().unsigned_abs();
        Ok(ConnectBegun { attempt, authorize_url: begun.authorize_url, expires_in })
    }

    /// Ends an authorization code flow with the redirect's parameters. The attempt is used up in any case. If the
    /// caller goes away, the grant is still stored or given back.
    pub async fn finish_connect(self: &Arc<Self>, finish: ConnectFinish) -> Result<ConnectionInfo, AppError> {
        let this = self.clone();
        self.to_the_end(async move { this.finish(finish).await }).await
    }

    /// Runs the work in a task that no caller cancels.
    async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, AppError>> + Send + 'static,
    ) -> Result<T, AppError> {
        let (done, came) = tokio::sync::oneshot::channel();
        self.refresher.spawn(async move {
            // The waiting caller may be gone.
            let _ = done.send(work.await);
        });
        came.await.map_err(|_| AppError::conflict("the authority has ended"))?
    }

    async fn finish(&self, finish: ConnectFinish) -> Result<ConnectionInfo, AppError> {
        let now = self.clock.now();
        let (connecting, flow) = match self.attempts.take_code(finish.attempt.as_deref(), &finish.state, now)
        {
            TakenCode::Here { connecting, flow } => (connecting, flow),
            TakenCode::Lapsed => return Err(lapsed()),
            TakenCode::Unknown => {
                return Err(AppError::not_found(
                    Message::new("no connect was begun with this state, or it is finished")
                        .hint("connect again"),
                ));
            }
        };
        check_issuer(&connecting.provider, finish.iss.as_deref())?;
        if let Some(error) = finish.error {
            let more = finish.error_description.map(|more| format!(": {}", plain(&more))).unwrap_or_default();
            return Err(AppError::provider(format!("the provider answered `{}`{more}", plain(&error))));
        }
        let code =
            finish.code.ok_or_else(|| AppError::invalid("the callback has neither `code` nor `error`"))?;
        let CodeFlow { verifier, redirect_uri, .. } = flow;
        let (http, Connecting { provider, client, .. }) = (&self.refresher.http, &*connecting);
        let given = oauth::exchange_code(http, provider, client, &code, &verifier, &redirect_uri)
            .await
            .map_err(|failure| AppError::provider(&failure))?;
        self.keep(*connecting, given).await
    }

    /// Returns the start of a connect. Its OAuth client is the chosen one, or else the configured one.
    fn connecting(
        &self,
        service: ServiceName,
        name: Option<ConnectionName>,
        scopes: Vec<String>,
        choice: &ClientChoice,
    ) -> Result<Connecting, AppError> {
        let known = self.service(&service)?;
        not_the_gateways(name.as_ref().map_or(service.as_str(), ConnectionName::as_str))?;
        let set: ServiceConfig = self.config.service(&service);
        let provider = Provider::resolve(&known, &set);
        let file = match &choice.client_secret_file {
            Some(path) => Some(ClientSecretFile::read(path).map_err(AppError::invalid)?),
            None => None,
        };
        let (file_id, file_secret) =
            file.map(|file| (file.client_id, file.client_secret)).unwrap_or_default();
        let chosen = choice.client_id.clone().or(file_id);
        let secret = match (&chosen, file_secret) {
            (_, Some(secret)) => Some(secret),
            // The configured secret belongs to the configured client.
            (Some(id), None) if provider.client_id.as_ref() != Some(id) => None,
            (_, None) => provider.client_secret.clone(),
        };
        let id = chosen.or_else(|| provider.client_id.clone()).ok_or_else(|| {
            let message = Message::new(format!("no OAuth client is set for `{service}`"));
            AppError::invalid(message.hint(format!(
                "register one with the provider, then set `client_id` under [services.{service}] in hallpass.toml, or \
                 HALLPASS_{}_CLIENT_ID",
                service.as_str().to_ascii_uppercase().replace('-', "_")
            )))
        })?;
        let account = choice.account.clone();
        if account.is_none() && provider.userinfo.is_empty() {
            return Err(AppError::invalid(
                Message::new(format!("the account of `{service}` is unknown")).hint(format!(
                    "name it with `--account NAME`, or set `userinfo_url` and `account_field` under \
                     [services.{service}] in hallpass.toml"
                )),
            ));
        }
        let scopes = if scopes.is_empty() { provider.scopes.clone() } else { scopes };
        let client = OAuthClient { id, secret, auth: provider.client_auth };
        let described = known.digest.clone();
        Ok(Connecting { service, described, name, scopes, account, provider, client })
    }

    fn service(&self, name: &ServiceName) -> Result<Arc<Service>, AppError> {
        let catalog = self.catalog();
        catalog.service(name).cloned().ok_or_else(|| {
            let known = catalog.services().map(|service| service.name.as_str());
            let hint = nearest::hint(name.as_str(), known);
            AppError::not_found(Message::new(format!("there is no service `{name}`")).hint(hint))
        })
    }

    fn remember(&self, connecting: Connecting, flow: Flow, lifetime: Duration) -> Result<String, AppError> {
        let id = hex(random::<16>().map_err(AppError::Random)?.as_slice());
        let now = self.clock.now();
        let attempt = Attempt { connecting, ends: now + lifetime, flow };
        if !self.attempts.begin(id.clone(), attempt, now) {
            return Err(AppError::conflict(
                Message::new("too many connects are waiting for a person")
                    .hint("finish them, or wait ten minutes"),
            ));
        }
        Ok(id)
    }
}

fn lapsed() -> AppError {
    AppError::invalid(Message::new("the connect took too long").hint("connect again"))
}

/// Refuses an address that is not a loopback address by its number (RFC 8252, section 7.3).
fn check_redirect(uri: &str) -> Result<(), AppError> {
    let is_loopback = Url::parse(uri).is_ok_and(|url| {
        let loopback = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
            _ => false,
        };
        url.scheme() == "http" && loopback && url.fragment().is_none()
    });
    if is_loopback {
        return Ok(());
    }
    Err(AppError::invalid(format!(
        "the redirect is `{}`, expected `http://127.0.0.1:PORT/callback`",
        plain(uri)
    )))
}

/// Checks that the answer comes from the provider that was asked (RFC 9207). If no issuer is set and the answer names
/// one, that one must be at the address to which the person was sent.
fn check_issuer(provider: &Provider, iss: Option<&str>) -> Result<(), AppError> {
    let refused = |expected: &str, got: &str| {
        let says = format!("the callback is from the issuer `{}`, expected `{expected}`", plain(got));
        AppError::invalid(Message::new(says).hint("if that is right, set `issuer` in hallpass.toml"))
    };
    match (&provider.issuer, iss) {
        (Some(expected), Some(iss)) if expected == iss => Ok(()),
        (Some(expected), iss) => Err(refused(expected, iss.unwrap_or("none"))),
        (None, None) => Ok(()),
        (None, Some(iss)) => {
            let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin());
            let asked = provider.authorize_url.as_deref().and_then(origin);
            if asked.is_some() && origin(iss) == asked {
                return Ok(());
            }
            Err(refused(provider.authorize_url.as_deref().unwrap_or("none"), iss))
        }
    }
}
