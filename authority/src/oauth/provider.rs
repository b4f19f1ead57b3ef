//! What the catalog knows about a service's OAuth, with the person's configuration.
//!
//! A built-in endpoint is used only together with the built-in token endpoint. So the public service never sees a
//! token of an emulator or of a company's own host, nor the reverse.

use std::collections::BTreeMap;

use datalog::catalog::{
    AskBy, ClientAuth, Manners, OAuth, OldAccess, Refreshing, RevokeBy, Service, TokenShape,
};
use secrecy::SecretString;
use url::Url;

use crate::config::types::{RefreshStyle, ServiceConfig};

/// How a grant is revoked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Revocation {
    #[default]
    Unsupported,
    /// RFC 7009.
    Endpoint(String),
    /// DELETE at one of two addresses, with the client's id and secret as Basic credentials. `{client_id}` stands for
    /// the client.
    ByClient { grant: String, token: String },
    /// With the token itself as the bearer. The answer may say no with status 200.
    ByBearer(String),
}

/// Where to ask whose account it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Userinfo {
    pub url: String,
    /// The field of the answer that names the account. Dots lead into objects.
    pub field: String,
    pub method: http::Method,
}

/// The OAuth client that a person registered.
#[derive(Clone)]
pub(crate) struct OAuthClient {
    pub id: String,
    pub secret: Option<SecretString>,
    pub auth: ClientAuth,
}

/// A service's OAuth, resolved. The default knows nothing.
#[derive(Clone, Default)]
pub(crate) struct Provider {
    pub authorize_url: Option<String>,
    pub token_url: Option<String>,
    pub device_authorization_url: Option<String>,
    pub revocation: Revocation,
    /// The address that the person set, if the provider does not redirect to loopback addresses.
    pub redirect_uri: Option<String>,
    /// The places are asked in turn until one answers.
    pub userinfo: Vec<Userinfo>,
    /// The issuer that the person set. If it is set, the callback must name it.
    pub issuer: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<SecretString>,
    pub client_auth: ClientAuth,
    pub scopes: Vec<String>,
    pub authorize_parameters: BTreeMap<String, String>,
    pub refresh: RefreshStyle,
    pub old_access: OldAccess,
    pub tokens: TokenShape,
    /// What its answers say about the connection itself.
    pub manners: Manners,
    /// What the catalog knows about its scopes, and about how to name an account to it.
    pub known: OAuth,
}

/// The claim of OpenID Connect that names the account, used if no other is set.
const FIELD: &str = "email";

impl Provider {
    /// Combines what the catalog knows with the person's configuration.
    pub(crate) fn resolve(service: &Service, config: &ServiceConfig) -> Self {
        let own = service.oauth.as_ref();
        // If the person set another token endpoint, it is another provider, and only the person's settings are known of
        // it. If the catalog names no token endpoint, the setting replaces nothing.
        let home = own.filter(|own| config.token_url.is_none() || own.token_url.is_none());
        let or = |set: &Option<String>, own: Option<&String>| set.clone().or_else(|| own.cloned());
        Self {
            authorize_url: or(&config.authorize_url, home.and_then(|own| own.authorize_url.as_ref())),
            token_url: or(&config.token_url, own.and_then(|own| own.token_url.as_ref())),
            device_authorization_url: or(
                &config.device_authorization_url,
                home.and_then(|own| own.device_url.as_ref()),
            ),
            revocation: revocation(service, config, home),
            redirect_uri: config.redirect_uri.clone(),
            userinfo: userinfo(config, own, home),
            issuer: config.issuer.clone(),
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            client_auth: config.client_auth.or(home.map(|own| own.client_auth)).unwrap_or_default(),
            scopes: config.scopes.clone().or_else(|| own.map(|own| own.scopes.clone())).unwrap_or_default(),
            authorize_parameters: own.map(|own| own.authorize_parameters.clone()).unwrap_or_default(),
            refresh: config.refresh.unwrap_or_else(|| match home.map(|own| own.refreshing) {
                Some(Refreshing::Keeps) => RefreshStyle::Keeps,
                // Without knowledge of a provider, assume the worst.
                Some(Refreshing::Rotates | Refreshing::None) | None => RefreshStyle::Rotates,
            }),
            old_access: home.map(|own| own.old_access).unwrap_or_default(),
            tokens: own.map(|own| own.tokens).unwrap_or_default(),
            manners: service.manners.clone(),
            known: own.cloned().unwrap_or_default(),
        }
    }

    /// Whether a revoked token may end everything that the account granted to the client. Few providers can end a token
    /// alone.
    pub(crate) fn ends_grants(&self) -> bool {
        !matches!(self.revocation, Revocation::ByClient { .. })
    }

    /// Returns the hosts that the service and the person's settings name. People are sent only to these hosts.
    pub(crate) fn sites(&self) -> Vec<String> {
        let named = [&self.authorize_url, &self.known.authorize_url, &self.token_url, &self.known.token_url];
        let urls = named.into_iter().flatten().chain(self.userinfo.iter().map(|one| &one.url));
        let hosts = urls.filter_map(|url| Url::parse(url).ok()?.host_str().map(String::from));
        hosts.collect()
    }

    /// Returns the parameter that says who should consent: the overlay's, or the one of OpenID Connect.
    pub(crate) fn login_hint(&self, scopes: &[String]) -> Option<&str> {
        let is_openid = scopes.iter().any(|scope| scope == "openid");
        self.known.login_hint.as_deref().or_else(|| is_openid.then_some("login_hint"))
    }

    /// Returns the service's own codes for a token that is dead.
    pub(crate) fn dead_codes(&self) -> &[String] {
        self.manners.dead_token.as_ref().map(|sign| sign.values.as_slice()).unwrap_or_default()
    }

    /// Returns the code by which an answer says that the token is dead.
    pub(crate) fn is_dead(&self, status: u16, answer: &serde_json::Value) -> Option<&str> {
        self.manners.dead_token.as_ref()?.said(status, answer)
    }

    /// Returns the scopes that were asked for and not granted. Some scopes are left out, because other members tell of
    /// them: those that only say who signs in, or that the grant lasts.
    pub(crate) fn missing(&self, asked: &[String], granted: &[String]) -> Vec<String> {
        let is_told = |scope: &&String| {
            !matches!(scope.as_str(), "openid" | "profile" | "email" | "offline_access" | "offline")
                && !self.known.has_scope(scope, granted)
        };
        asked.iter().filter(is_told).cloned().collect()
    }

    /// Returns the operations that do not work without these scopes.
    pub(crate) fn without(&self, scopes: &[String]) -> Vec<String> {
        let mut operations: Vec<String> =
            scopes.iter().filter_map(|scope| self.known.without.get(scope)).flatten().cloned().collect();
        operations.sort_unstable();
        operations.dedup();
        operations
    }
}

fn revocation(service: &Service, config: &ServiceConfig, home: Option<&OAuth>) -> Revocation {
    let own = home.and_then(|own| own.revoke_url.as_ref());
    let by = service.oauth.as_ref().map(|own| &own.revoke_by);
    match (config.revoke_url.as_ref().or(own), by) {
        (Some(url), Some(RevokeBy::Bearer)) => Revocation::ByBearer(url.clone()),
        (Some(url), _) => Revocation::Endpoint(url.clone()),
        (None, Some(RevokeBy::Client { grant, token })) if home.is_some() => {
            let public = service.hosts.first().map(|host| format!("https://{host}"));
            match config.base_url.clone().or(public) {
                Some(api) => {
                    let (grant, token) = (format!("{api}{grant}"), format!("{api}{token}"));
                    Revocation::ByClient { grant, token }
                }
                None => Revocation::Unsupported,
            }
        }
        (None, _) => Revocation::Unsupported,
    }
}

fn userinfo(config: &ServiceConfig, own: Option<&OAuth>, home: Option<&OAuth>) -> Vec<Userinfo> {
    let method = match own.map(|own| own.userinfo_by).unwrap_or_default() {
        AskBy::Get => http::Method::GET,
        AskBy::Post => http::Method::POST,
    };
    let also = own.map(|own| own.also_userinfo.as_slice()).unwrap_or_default();
    let own_field = own.and_then(|own| own.account_field.as_deref());
    let at = |url: String, field: Option<&str>| {
        let field = config.account_field.as_deref().or(field).unwrap_or(FIELD).to_owned();
        Userinfo { url, field, method: method.clone() }
    };
    if let Some(url) = &config.userinfo_url {
        // If the person sets another address that the service itself has, the field for that address is meant.
        let there = also.iter().find(|also| url.ends_with(&also.path));
        return vec![at(url.clone(), there.map(|also| also.account_field.as_str()).or(own_field))];
    }
    let Some(url) = own.and_then(|own| own.userinfo_url.as_deref()) else { return Vec::new() };
    // If the description of an imported service names no host, the person's setting has it.
    if let (Some(base), true) = (&config.base_url, url.starts_with('/')) {
        return vec![at(format!("{base}{url}"), own_field)];
    }
    let Ok(parsed) = Url::parse(url) else { return Vec::new() };
    let api = match (&config.base_url, home) {
        (Some(base), _) => base.clone(),
        (None, Some(_)) => parsed.origin().ascii_serialization(),
        (None, None) => return Vec::new(),
    };
    let others = also.iter().map(|also| Userinfo {
        url: format!("{api}{}", also.path),
        field: also.account_field.clone(),
        method: method.clone(),
    });
    std::iter::once(at(format!("{api}{}", parsed.path()), own_field)).chain(others).collect()
}

/// The parameter for the scopes of the person's token, which are separated by commas.
pub(crate) const SCOPES: &str = "user_scope";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datalog::catalog::Catalog;

    use super::*;

    fn service(name: &str) -> Arc<Service> {
        Catalog::embedded().unwrap().service(&name.parse().unwrap()).unwrap().clone()
    }

    #[test]
    fn another_token_endpoint_leaves_no_endpoint_of_the_public_service_in_use() {
        let config = ServiceConfig {
            base_url: Some("http://127.0.0.1:1".into()),
            authorize_url: Some("http://127.0.0.1:1/auth".into()),
            token_url: Some("http://127.0.0.1:1/token".into()),
            ..ServiceConfig::default()
        };
        for name in ["gmail", "github", "google-calendar", "google-drive", "slack"] {
            let provider = Provider::resolve(&service(name), &config);
            assert_eq!(provider.revocation, Revocation::Unsupported);
            assert_eq!(provider.device_authorization_url, None);
            assert!(provider.userinfo.iter().all(|one| one.url.starts_with("http://127.0.0.1:1/")));
        }
    }

    #[test]
    fn a_service_without_configuration_has_its_own_endpoints() {
        let provider = Provider::resolve(&service("gmail"), &ServiceConfig::default());
        assert_eq!(provider.token_url.as_deref(), Some("https://oauth2.googleapis.com/token"));
        assert_eq!(provider.userinfo[0].url, "https://gmail.googleapis.com/gmail/v1/users/me/profile");
        assert_eq!(provider.refresh, RefreshStyle::Keeps);
    }

    #[test]
    fn a_provider_that_nothing_is_known_of_is_believed_to_rotate() {
        let config =
            ServiceConfig { token_url: Some("https://login.example".into()), ..ServiceConfig::default() };
        let provider = Provider::resolve(&service("gmail"), &config);
        assert_eq!(provider.refresh, RefreshStyle::Rotates);
        assert_eq!(provider.authorize_url, None);
    }
}
