//! `connections`: the connections and their health.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use datalog::catalog::{Catalog, Service};
use datalog::{Account, ConnectionName, Message};
use secrecy::SecretString;
use time::OffsetDateTime;
use verifier::ports::{Connection, Upstream};

use crate::app::{App, AppError, ConnectionInfo, ConnectionStatus, Stop, StopTarget, Stopped};
use crate::config::types::{Config, ServiceConfig};
use crate::health::{Concern, Subject};
use crate::nearest;
use crate::oauth::{Facts, Live, OAuthClient, OpenedGeneration, Provider, open_credential};
use crate::store::{KnownConnectionRow, RowStatus};
use crate::vault::{Place, Vault, VaultError};

impl App {
    /// Returns the connections, in the order of their names.
    pub fn connections(&self) -> Vec<ConnectionInfo> {
        self.live().values().map(|live| self.info(live)).collect()
    }

    /// Returns the error for a name that no connection has.
    pub(super) fn no_connection(&self, name: &ConnectionName) -> AppError {
        let live = self.live();
        let hint = match live.is_empty() {
            true => "there are none; `hallpass connect SERVICE` makes one".to_owned(),
            false => nearest::hint(name.as_str(), live.keys().map(ConnectionName::as_str)),
        };
        AppError::not_found(Message::new(format!("no connection is called `{name}`")).hint(hint))
    }

    /// Returns the stop of a connection, if it is stopped.
    fn stopped_connection(&self, name: &ConnectionName) -> Option<Stopped> {
        let own = |one: &Stop| one.target == StopTarget::Connection(name.clone());
        let by_itself = || self.single_stops().into_iter().find(own).map(Stopped::from);
        self.emergency_stop().map(Stopped::from).or_else(by_itself)
    }

    pub(super) fn info(&self, live: &Live) -> ConnectionInfo {
        let own = self.config.connections.get(&live.name).and_then(|connection| connection.listen);
        let now = self.clock.now();
        let concerns = self.concerns(live);
        let known = live.known();
        let subject = Subject { name: &live.name, service: &live.service, now };
        let stopped = self.stopped_connection(&live.name);
        ConnectionInfo {
            name: live.name.clone(),
            service: live.service.clone(),
            account: live.account.clone(),
            scopes: live.scopes(),
            status: ConnectionStatus::of(&concerns),
            last_error: concerns.iter().find_map(why_not_renewed),
            concerns: concerns.iter().map(|concern| concern.told(&subject)).collect(),
            stopped,
            connected: live.connected,
            token_expires: known.as_ref().and_then(|known| known.expires),
            grant_ends: known.and_then(|known| known.grant).map(|grant| grant.ends),
            base_url: format!("http://{}/{}", reachable(self.config.gateway_listen), live.name),
            own_base_url: own.map(|address| format!("http://{}", reachable(address))),
        }
    }
}

impl App {
    /// Returns the concerns about a connection, the worst first.
    fn concerns(&self, live: &Live) -> Vec<Concern> {
        let mut concerns = live.concerns(self.clock.now());
        concerns.extend(self.stopped_connection(&live.name).map(|stop| Concern::Stopped { stop }));
        concerns.sort_by_key(|concern| std::cmp::Reverse(concern.status()));
        concerns
    }

    /// Tells people about changes that only the passing of time caused. Each is told once.
    pub(crate) async fn tell_concerns(&self) {
        for live in self.live().values() {
            for concern in live.to_tell(self.clock.now()) {
                self.refresher.tell(live, &concern, OffsetDateTime::UNIX_EPOCH).await;
            }
        }
    }
}

fn why_not_renewed(concern: &Concern) -> Option<String> {
    match concern {
        Concern::NeedsReconnect { because, .. }
        | Concern::ClientRefused { because, .. }
        | Concern::RefreshFails { because, .. } => Some(because.clone()),
        _ => None,
    }
}

/// Returns an address that a local client can use for a listening address. Nobody can send to "every address".
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Returns the place of the sealed client secret of a connection.
pub(super) fn client_secret_place(row: &str) -> Place<'_> {
    Place { table: "connection", row, column: "client_secret", generation: 0 }
}

/// Returns the connection as the gateway sees it.
pub(super) fn pointed(
    config: &Config,
    service: &Arc<Service>,
    name: &ConnectionName,
    account: &Account,
) -> Arc<Connection> {
    Arc::new(Connection {
        name: name.clone(),
        account: account.clone(),
        service: service.clone(),
        upstream: config.service(&service.name).base_url.map_or(Upstream::Catalog, Upstream::BaseUrl),
        listen: config.connections.get(name).and_then(|connection| connection.listen),
    })
}

/// Puts a stored connection back in memory. If its tokens do not open, it needs a reconnect, and its owner is told.
pub(super) fn revive(config: &Config, catalog: &Catalog, vault: &Vault, row: KnownConnectionRow) -> Live {
    let set = config.service(&row.service);
    let service = catalog.service(&row.service);
    let OpenedConnection { known, secret, concerns } = open(&row, &set, service, vault);
    for concern in concerns.iter().filter(|concern| concern.status() == ConnectionStatus::NeedsReconnect) {
        tracing::warn!(connection = %row.name, ?concern, "a connection cannot be used");
    }
    let gateway = service.map(|service| pointed(config, service, &row.name, &row.account));
    let provider = service.map(|service| Provider::resolve(service, &set)).unwrap_or_default();
    let client = OAuthClient { id: row.client_id, secret, auth: provider.client_auth };
    let facts = Facts {
        id: row.id,
        name: row.name,
        service: row.service,
        account: row.account,
        asked: row.asked,
        connected: row.connected,
        provider,
        client,
        gateway,
    };
    Live::new(facts, known, concerns)
}

/// The parts of a stored connection that could be opened. If some could not, the concerns say why it cannot be used.
struct OpenedConnection {
    known: Option<OpenedGeneration>,
    secret: Option<SecretString>,
    concerns: Vec<Concern>,
}

fn open(
    row: &KnownConnectionRow,
    set: &ServiceConfig,
    service: Option<&Arc<Service>>,
    vault: &Vault,
) -> OpenedConnection {
    let id = row.id.0.to_string();
    let kept_secret = row
        .client_secret
        .as_ref()
        .map(|sealed| vault.open_string(client_secret_place(&id), sealed))
        .transpose();
    // The configured secret is newer. It is used if it belongs to the same client.
    let secret = match set.client_secret.clone().filter(|_| set.client_id.as_deref() == Some(&row.client_id))
    {
        Some(secret) => Ok(Some(secret)),
        None => kept_secret,
    };
    let broken = |because: VaultError| OpenedConnection {
        known: None,
        secret: None,
        concerns: vec![Concern::needs_reconnect(because)],
    };
    match (open_credential(vault, row), secret) {
        (Err(error), _) | (_, Err(error)) => broken(error),
        (Ok(known), Ok(secret)) => {
            let mut concerns = kept_concerns(row);
            if service.is_none() {
                let because = format!("the catalog has no `{}`", row.service);
                concerns.push(Concern::needs_reconnect(because));
            }
            OpenedConnection { known: Some(known), secret, concerns }
        }
    }
}

/// Returns the stored concerns, without those that Hallpass finds again by itself.
fn kept_concerns(row: &KnownConnectionRow) -> Vec<Concern> {
    let kept = row.concerns.iter().filter_map(|says| serde_json::from_str(says).ok());
    let is_of_status = |concern: &Concern| match (concern, row.status) {
        (Concern::NeedsReconnect { .. }, status) => status == RowStatus::NeedsReconnect,
        (Concern::GrantEnds { .. } | Concern::SignOn { .. }, _) => false,
        _ => true,
    };
    let mut concerns: Vec<Concern> = kept.filter(is_of_status).collect();
    let has_ended = concerns.iter().any(|concern| concern.status() == ConnectionStatus::NeedsReconnect);
    match row.status {
        RowStatus::Disconnecting => concerns.push(Concern::Disconnecting),
        RowStatus::NeedsReconnect if !has_ended => {
            let because = "the provider no longer takes its grant";
            concerns.push(Concern::needs_reconnect(because));
        }
        RowStatus::Healthy | RowStatus::NeedsReconnect => {}
    }
    concerns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_handed_out_can_be_used() {
        for (listen, handed_out) in [
            ("0.0.0.0:7411", "127.0.0.1:7411"),
            ("[::]:7411", "[::1]:7411"),
            ("127.0.0.1:7411", "127.0.0.1:7411"),
            ("10.0.0.5:80", "10.0.0.5:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), handed_out);
        }
    }
}
