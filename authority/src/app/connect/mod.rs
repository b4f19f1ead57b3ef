//! `connect`: an account's tokens, once, by a person's consent.
//!
//! Both flows (here by code, in `device` by device) end in `keep`: whose account it is, under which name,
//! sealed, durable, and only then lent.

mod device;
mod keep;

use std::net::IpAddr;
use std::sync::Arc;

use datalog::catalog::Service;
use datalog::{ConnectionName, ServiceName};
use time::Duration;
use url::{Host, Url};

use super::{App, AppError, ClientChoice, ConnectBegun, ConnectFinish, ConnectStart, ConnectionInfo};
use crate::audit::{hex, plain};
use crate::config::{ClientSecretFile, ServiceConfig};
use crate::nearest;
use crate::oauth::{self, Attempt, Client, CodeFlow, Connecting, Flow, Provider, TakenCode};
use crate::vault::random;

/// How long a person has (RFC 6749, section 4.1.2 advises ten minutes for the code).
const LIFETIME: Duration = Duration::minutes(10);

impl App {
    /// Begins an authorization code flow.
    #[expect(clippy::unused_async, reason = "the verbs are alike to whoever calls them")]
    pub async fn begin_connect(&self, start: ConnectStart) -> Result<ConnectBegun, AppError> {
        check_redirect(&start.redirect_uri)?;
        let connecting = self.connecting(start.service, start.name, start.scopes, &start.client)?;
        let Connecting { provider, client, scopes, .. } = &connecting;
        // The browser comes back to the loopback address in any case: at once, or sent on from there.
        let redirect_uri = provider.redirect_uri.clone().unwrap_or(start.redirect_uri);
        let begun = oauth::authorize(provider, client, &redirect_uri, scopes)
            .map_err(|failure| AppError::provider(&failure))?;
        let flow = CodeFlow { state: begun.state, verifier: begun.verifier, redirect_uri };
        let attempt = self.remember(connecting, Flow::Code(flow), LIFETIME)?;
        let expires_in = LIFETIME.whole_seconds().unsigned_abs();
        Ok(ConnectBegun { attempt, authorize_url: begun.authorize_url, expires_in })
    }

    /// Ends an authorization code flow with what the redirect brought. Whatever comes of it, the attempt is
    /// used up.
    pub async fn finish_connect(&self, finish: ConnectFinish) -> Result<ConnectionInfo, AppError> {
        let now = self.clock.now();
        let (connecting, flow) = match self.attempts.take_code(finish.attempt.as_deref(), &finish.state, now)
        {
            TakenCode::Here { connecting, flow } => (connecting, flow),
            TakenCode::Lapsed => return Err(lapsed()),
            TakenCode::Unknown => {
                return Err(AppError::NotFound(
                    "no connect was begun with this state, or it is finished\nhint: connect again".into(),
                ));
            }
        };
        check_issuer(&connecting.provider, finish.iss.as_deref())?;
        if let Some(error) = finish.error {
            let more = finish.error_description.map(|more| format!(": {}", plain(&more))).unwrap_or_default();
            return Err(AppError::Provider(format!("the provider answered `{}`{more}", plain(&error))));
        }
        let code = finish
            .code
            .ok_or_else(|| AppError::Invalid("the callback has neither `code` nor `error`".into()))?;
        let CodeFlow { verifier, redirect_uri, .. } = flow;
        let (http, Connecting { provider, client, .. }) = (&self.refresher.http, &*connecting);
        let tokens = oauth::exchange_code(http, provider, client, code, verifier, &redirect_uri)
            .await
            .map_err(|failure| AppError::provider(&failure))?;
        self.keep(*connecting, tokens).await
    }

    /// What a connect is begun with. The OAuth client is the one that was chosen, or the configured one.
    fn connecting(
        &self,
        service: ServiceName,
        name: Option<ConnectionName>,
        scopes: Vec<String>,
        choice: &ClientChoice,
    ) -> Result<Connecting, AppError> {
        let known = self.service(&service)?;
        let set: ServiceConfig = self.config.service(&service);
        let provider = Provider::resolve(&known, &set);
        let file = match &choice.client_secret_file {
            Some(path) => {
                Some(ClientSecretFile::read(path).map_err(|error| AppError::Invalid(error.to_string()))?)
            }
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
            AppError::Invalid(format!(
                "no OAuth client is set for `{service}`\nhint: register one with the provider, then set `client_id` \
                 under [services.{service}] in hallpass.toml, or HALLPASS_{}_CLIENT_ID",
                service.as_str().to_ascii_uppercase().replace('-', "_")
            ))
        })?;
        let account = choice.account.clone();
        if account.is_none() && provider.userinfo.is_empty() {
            return Err(AppError::Invalid(format!(
                "nothing says whose account of `{service}` it is\nhint: say it with `--account NAME`, or set `userinfo_url` \
                 and `account_field` under [services.{service}] in hallpass.toml"
            )));
        }
        let scopes = if scopes.is_empty() { provider.scopes.clone() } else { scopes };
        let client = Client { id, secret, auth: set.client_auth };
        Ok(Connecting { service, name, scopes, account, provider, client })
    }

    fn service(&self, name: &ServiceName) -> Result<Arc<Service>, AppError> {
        let catalog = self.catalog();
        catalog.service(name).cloned().ok_or_else(|| {
            let known = catalog.services().map(|service| service.name.as_str());
            let hint = nearest::hint(name.as_str(), known);
            AppError::NotFound(format!("there is no service `{name}`\nhint: {hint}"))
        })
    }

    fn remember(&self, connecting: Connecting, flow: Flow, lifetime: Duration) -> Result<String, AppError> {
        let id = hex(random::<16>().map_err(AppError::random)?.as_slice());
        let now = self.clock.now();
        let attempt = Attempt { connecting, ends: now + lifetime, flow };
        if !self.attempts.begin(id.clone(), attempt, now) {
            return Err(AppError::Conflict(
                "too many connects are waiting for a person\nhint: finish them, or wait ten minutes".into(),
            ));
        }
        Ok(id)
    }
}

fn lapsed() -> AppError {
    AppError::Invalid("the connect took too long\nhint: connect again".into())
}

/// RFC 8252, section 7.3: a loopback address, by its number.
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
    Err(AppError::Invalid(format!(
        "the redirect is `{}`, expected `http://127.0.0.1:PORT/callback`",
        plain(uri)
    )))
}

/// RFC 9207: the answer comes from the provider that was asked. Where no issuer is set, one that is named has
/// to be at the place where the person was sent.
fn check_issuer(provider: &Provider, iss: Option<&str>) -> Result<(), AppError> {
    let refused = |expected: &str, got: &str| {
        AppError::Invalid(format!(
            "the callback is from the issuer `{}`, expected `{expected}`\nhint: if that is right, set `issuer` in hallpass.toml",
            plain(got)
        ))
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
