//! `connect`: an account's tokens, once, by a person's consent.
//!
//! Both flows end in `keep`: whose account it is, under which name, sealed, durable, and only then lent.

use std::net::IpAddr;
use std::sync::Arc;

use datalog::catalog::Service;
use datalog::{Account, ConnectionName, ServiceName};
use secrecy::{ExposeSecret, SecretString};
use time::{Duration, OffsetDateTime};
use url::{Host, Url};

use super::connections::{client_secret_place, revive};
use super::{
    App, AppError, ClientChoice, ConnectBegun, ConnectFinish, ConnectStart, ConnectionInfo, DeviceBegun,
    DevicePoll, DeviceStart,
};
use crate::audit::{Event, EventEntry, hex, plain};
use crate::config::{ClientSecretFile, ServiceConfig};
use crate::oauth::{
    self, Attempt, Client, CodeFlow, DeviceAnswer, DeviceFlow, Flow, Known, Provider, Taken, Tokens,
    seal_credential,
};
use crate::store::{ConnectionId, NewConnection};
use crate::vault::random;

/// How long a person has (RFC 6749, section 4.1.2 advises ten minutes for the code).
const LIFETIME: Duration = Duration::minutes(10);
/// RFC 8628, section 3.5.
const SLOW_DOWN: Duration = Duration::seconds(5);

impl App {
    /// Begins an authorization code flow.
    #[expect(clippy::unused_async, reason = "the verbs are alike to whoever calls them")]
    pub async fn begin_connect(&self, start: ConnectStart) -> Result<ConnectBegun, AppError> {
        check_redirect(&start.redirect_uri)?;
        let (provider, client) = self.client(&start.service, &start.client)?;
        let scopes = if start.scopes.is_empty() { provider.scopes.clone() } else { start.scopes };
        let begun = oauth::authorize(&provider, &client, &start.redirect_uri, &scopes)
            .map_err(|failure| AppError::provider(&failure))?;
        let flow =
            CodeFlow { state: begun.state, verifier: begun.verifier, redirect_uri: start.redirect_uri };
        let attempt =
            self.remember(start.service, start.name, scopes, provider, client, Flow::Code(flow), LIFETIME)?;
        Ok(ConnectBegun {
            attempt,
            authorize_url: begun.authorize_url,
            expires_in: LIFETIME.whole_seconds().unsigned_abs(),
        })
    }

    /// Ends an authorization code flow with what the redirect brought. Whatever comes of it, the attempt is
    /// used up.
    pub async fn finish_connect(&self, finish: ConnectFinish) -> Result<ConnectionInfo, AppError> {
        let now = self.clock.now();
        let attempt = match self.attempts.take_code(finish.attempt.as_deref(), &finish.state, now) {
            Taken::Here(attempt) => *attempt,
            Taken::Lapsed => return Err(lapsed()),
            Taken::Unknown => {
                return Err(AppError::NotFound(
                    "no connect was begun with this state, or it is finished\nhint: connect again".into(),
                ));
            }
        };
        check_issuer(&attempt.provider, finish.iss.as_deref())?;
        if let Some(error) = finish.error {
            let more = finish.error_description.map(|more| format!(": {}", plain(&more))).unwrap_or_default();
            return Err(AppError::Provider(format!("the provider answered `{}`{more}", plain(&error))));
        }
        let code = finish
            .code
            .ok_or_else(|| AppError::Invalid("the callback has neither `code` nor `error`".into()))?;
        let Attempt { service, name, scopes, provider, client, flow, .. } = attempt;
        let http = &self.refresher.http;
        let tokens =
            oauth::exchange_code(http, &provider, &client, code, flow.verifier, &flow.redirect_uri).await;
        let tokens = tokens.map_err(|failure| AppError::provider(&failure))?;
        self.keep(Connecting { service, name, scopes, provider, client }, tokens).await
    }

    /// Begins a device flow.
    pub async fn begin_device(&self, start: DeviceStart) -> Result<DeviceBegun, AppError> {
        let (provider, client) = self.client(&start.service, &start.client)?;
        let scopes = if start.scopes.is_empty() { provider.scopes.clone() } else { start.scopes };
        let http = &self.refresher.http;
        let answer = oauth::begin_device(http, &provider, &client, &scopes)
            .await
            .map_err(|failure| AppError::provider(&failure))?;
        let seconds = |duration: std::time::Duration| Duration::try_from(duration).unwrap_or(LIFETIME);
        let interval = seconds(answer.interval());
        let flow = DeviceFlow {
            device_code: SecretString::from(answer.device_code().secret().as_str()),
            interval,
            next_poll: self.clock.now() + interval,
        };
        let lifetime = seconds(answer.expires_in()).min(LIFETIME * 3);
        let attempt =
            self.remember(start.service, start.name, scopes, provider, client, Flow::Device(flow), lifetime)?;
        Ok(DeviceBegun {
            attempt,
            user_code: plain(answer.user_code().secret()),
            verification_uri: plain(answer.verification_uri()),
            verification_uri_complete: answer.verification_uri_complete().map(|uri| plain(uri.secret())),
            expires_in: lifetime.whole_seconds().unsigned_abs(),
            interval: interval.whole_seconds().unsigned_abs(),
        })
    }

    /// Asks the provider once, not more often than it allows.
    pub async fn poll_device(&self, attempt: &str) -> Result<DevicePoll, AppError> {
        let now = self.clock.now();
        let mut device = match self.attempts.take_device(attempt, now) {
            Taken::Here(device) => *device,
            Taken::Lapsed => return Err(lapsed()),
            Taken::Unknown => {
                return Err(AppError::NotFound(format!("there is no device flow `{}`", plain(attempt))));
            }
        };
        let pending = |device: Attempt<DeviceFlow>| {
            let interval = device.flow.interval.whole_seconds().unsigned_abs();
            self.attempts.put_back(attempt, device);
            Ok(DevicePoll::Pending { interval })
        };
        if now < device.flow.next_poll {
            return pending(device);
        }
        let http = &self.refresher.http;
        let answer =
            oauth::poll_device(http, &device.provider, &device.client, &device.flow.device_code).await;
        device.flow.next_poll = now + device.flow.interval;
        match answer {
            Ok(DeviceAnswer::Pending) => pending(device),
            Ok(DeviceAnswer::SlowDown) => {
                device.flow.interval += SLOW_DOWN;
                device.flow.next_poll = now + device.flow.interval;
                pending(device)
            }
            Ok(DeviceAnswer::Done(tokens)) => {
                let Attempt { service, name, scopes, provider, client, .. } = device;
                let connection =
                    self.keep(Connecting { service, name, scopes, provider, client }, tokens).await?;
                Ok(DevicePoll::Connected { connection })
            }
            // RFC 8628, section 3.5: a call that timed out is not the end of the flow.
            Err(oauth::TokenFailure::Unknown(_) | oauth::TokenFailure::NotSent(_)) => pending(device),
            Err(failure) => Err(AppError::provider(&failure)),
        }
    }

    /// The OAuth client to connect with: the one that was chosen, or the configured one.
    fn client(&self, service: &ServiceName, choice: &ClientChoice) -> Result<(Provider, Client), AppError> {
        let known = self.service(service)?;
        let set: ServiceConfig = self.config.service(service);
        let provider = Provider::resolve(known, &set);
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
        Ok((provider, Client { id, secret, auth: set.client_auth }))
    }

    fn service(&self, name: &ServiceName) -> Result<&Arc<Service>, AppError> {
        self.catalog.service(name).ok_or_else(|| {
            let known: Vec<&str> = self.catalog.services().map(|service| service.name.as_str()).collect();
            AppError::NotFound(format!("there is no service `{name}`\nhint: known are {}", known.join(", ")))
        })
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one attempt")]
    fn remember(
        &self,
        service: ServiceName,
        name: Option<ConnectionName>,
        scopes: Vec<String>,
        provider: Provider,
        client: Client,
        flow: Flow,
        lifetime: Duration,
    ) -> Result<String, AppError> {
        let id = hex(random::<16>().map_err(AppError::random)?.as_slice());
        let now = self.clock.now();
        let attempt = Attempt { service, name, scopes, provider, client, ends: now + lifetime, flow };
        if !self.attempts.begin(id.clone(), attempt, now) {
            return Err(AppError::Conflict(
                "too many connects are waiting for a person\nhint: finish them, or wait ten minutes".into(),
            ));
        }
        Ok(id)
    }

    /// Keeps what the provider gave, under the name that it is to have.
    async fn keep(&self, connecting: Connecting, tokens: Tokens) -> Result<ConnectionInfo, AppError> {
        let account = oauth::account(&self.refresher.http, &connecting.provider, &tokens.access)
            .await
            .map_err(|because| AppError::Provider(format!("the account could not be learned: {because}")))?;
        let name = self.name(&connecting, &account)?;
        let now = self.clock.now();
        let new = self.seal(connecting, name.clone(), account, tokens, now)?;
        let id = new.id;
        let event = EventEntry::on_connection(Event::Connected, &name)
            .detail(&format!("{} as {}", new.service, new.account))
            .at(now);
        self.store.connected(new, event).await?;
        let row = self.store.known_connection(id).await?;
        let row =
            row.ok_or_else(|| AppError::Conflict(format!("`{name}` was connected again by another")))?;
        let live = Arc::new(revive(&self.config, &self.catalog, &self.vault, row));
        self.change_live(|connections| {
            connections.insert(name, live.clone());
        });
        Ok(self.info(&live))
    }

    /// Passes name a connection: what they were minted for does not become another account's.
    fn name(&self, connecting: &Connecting, account: &Account) -> Result<ConnectionName, AppError> {
        let name = match &connecting.name {
            Some(name) => name.clone(),
            None => connecting.service.as_str().parse().map_err(AppError::invalid)?,
        };
        match self.live().get(&name) {
            Some(there) if there.service != connecting.service || there.account != *account => {
                Err(AppError::Conflict(format!(
                    "`{name}` is connected to {} as `{}`, and this is {} as `{account}`\nhint: give it a name of its own with `--as`, or disconnect `{name}` first",
                    there.service, there.account, connecting.service
                )))
            }
            _ => Ok(name),
        }
    }

    fn seal(
        &self,
        connecting: Connecting,
        name: ConnectionName,
        account: Account,
        tokens: Tokens,
        now: OffsetDateTime,
    ) -> Result<NewConnection, AppError> {
        let id = i64::from_be_bytes(*random::<8>().map_err(AppError::random)?) & i64::MAX;
        let known = Known {
            access: tokens.access,
            refresh: tokens.refresh,
            generation: 1,
            obtained: now,
            expires: tokens.expires_in.map(|lifetime| now.saturating_add(lifetime)),
        };
        let row = id.to_string();
        let secret = connecting.client.secret.as_ref();
        let client_secret = secret
            .map(|secret| self.vault.seal(client_secret_place(&row), secret.expose_secret().as_bytes()))
            .transpose()
            .map_err(|error| AppError::vault(&error))?;
        let id = ConnectionId(id);
        Ok(NewConnection {
            id,
            name,
            service: connecting.service,
            account,
            scopes: tokens.scopes.unwrap_or(connecting.scopes),
            client_id: connecting.client.id,
            client_secret,
            connected: now,
            credential: seal_credential(&self.vault, id, &known).map_err(|error| AppError::vault(&error))?,
        })
    }
}

/// What is known of a connection before its tokens are.
struct Connecting {
    service: ServiceName,
    name: Option<ConnectionName>,
    scopes: Vec<String>,
    provider: Provider,
    client: Client,
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
