//! What the catalog knows of a service's OAuth, and what a person's configuration makes of it.
//!
//! A built-in endpoint is used only while the token endpoint is the built-in one too: a token of an
//! emulator or of a company's own host is never shown to the public service, nor the other way about.

use std::collections::BTreeMap;

use datalog::catalog::{Dialect, OAuth, Refreshing, Service, TokenShape};
use secrecy::SecretString;
use url::Url;

use crate::config::{ClientAuth, RefreshStyle, ServiceConfig};

/// What becomes of the old access token when a new one is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum OldAccess {
    #[default]
    LivesOn,
    /// So nobody is lent it while a refresh is under way.
    DiesAtOnce,
}

/// How a grant is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Revocation {
    #[default]
    Unsupported,
    /// RFC 7009.
    Endpoint(String),
    /// `DELETE /applications/{client_id}/grant`, with the client's id and secret as Basic credentials.
    /// Source: docs.github.com, REST API endpoints for OAuth authorizations.
    GithubGrant(String),
    /// `auth.revoke` with the token itself, and an answer that says no with status 200.
    SlackToken(String),
}

/// Where to learn whose account it is: a URL, and the field of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Userinfo {
    pub url: String,
    pub field: String,
    pub method: http::Method,
}

/// The OAuth client that a person registered.
#[derive(Clone)]
pub(crate) struct Client {
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
    /// Set by the person, for a provider that redirects to no loopback address.
    pub redirect_uri: Option<String>,
    /// Asked in turn until one answers.
    pub userinfo: Vec<Userinfo>,
    /// Set by the person; then the callback has to name it.
    pub issuer: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<SecretString>,
    pub scopes: Vec<String>,
    pub authorize_parameters: BTreeMap<String, String>,
    pub refresh: RefreshStyle,
    pub old_access: OldAccess,
    pub tokens: TokenShape,
}

/// What Google's APIs answer at any of their hosts, and what its emulators answer too.
const GOOGLE_USERINFO: (&str, &str) = ("/oauth2/v2/userinfo", "email");

impl Provider {
    /// `own` is what the catalog knows of the service.
    pub fn resolve(service: &Service, config: &ServiceConfig) -> Self {
        let own = service.oauth.as_ref();
        // Another token endpoint is another provider, of whom nothing is known but what was set.
        // Where nothing was known of the one there was before, none is left behind.
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
            userinfo: userinfo(service, config, own, home),
            issuer: config.issuer.clone(),
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            scopes: config.scopes.clone().or_else(|| own.map(|own| own.scopes.clone())).unwrap_or_default(),
            authorize_parameters: own.map(|own| own.authorize_parameters.clone()).unwrap_or_default(),
            refresh: config.refresh.unwrap_or_else(|| match home.map(|own| own.refreshing) {
                Some(Refreshing::Keeps) => RefreshStyle::Keeps,
                // Of a provider that nothing is known of the worst is assumed.
                Some(Refreshing::Rotates | Refreshing::None) | None => RefreshStyle::Rotates,
            }),
            old_access: match home {
                Some(_) if service.dialect == Dialect::GitHub => OldAccess::DiesAtOnce,
                _ => OldAccess::LivesOn,
            },
            tokens: own.map(|own| own.tokens).unwrap_or_default(),
        }
    }
}

fn revocation(service: &Service, config: &ServiceConfig, home: Option<&OAuth>) -> Revocation {
    let own = home.and_then(|own| own.revoke_url.as_ref());
    match config.revoke_url.as_ref().or(own) {
        Some(url) if service.dialect == Dialect::Slack => Revocation::SlackToken(url.clone()),
        Some(url) => Revocation::Endpoint(url.clone()),
        None if home.is_some() && service.dialect == Dialect::GitHub => {
            let api = config.base_url.as_deref().unwrap_or("https://api.github.com");
            Revocation::GithubGrant(format!("{api}/applications"))
        }
        None => Revocation::Unsupported,
    }
}

fn userinfo(
    service: &Service,
    config: &ServiceConfig,
    own: Option<&OAuth>,
    home: Option<&OAuth>,
) -> Vec<Userinfo> {
    let field = |own: Option<&String>| {
        config.account_field.as_ref().or(own).cloned().unwrap_or_else(|| GOOGLE_USERINFO.1.into())
    };
    let own_field = own.and_then(|own| own.account_field.as_ref());
    // Slack's is an operation like any other, and those are all POST.
    let method = match service.dialect {
        Dialect::Slack => http::Method::POST,
        Dialect::Google | Dialect::GitHub | Dialect::Problem => http::Method::GET,
    };
    if let Some(url) = &config.userinfo_url {
        // Whoever sets the place of Google's own answer means the field that stands there.
        let own_field = own_field.filter(|_| !url.ends_with(GOOGLE_USERINFO.0));
        return vec![Userinfo { url: url.clone(), field: field(own_field), method }];
    }
    let Some(url) = own.and_then(|own| own.userinfo_url.as_deref()) else { return Vec::new() };
    // An imported service whose description names no host is wherever the person says.
    if let (Some(base), true) = (&config.base_url, url.starts_with('/')) {
        return vec![Userinfo { url: format!("{base}{url}"), field: field(own_field), method }];
    }
    let Ok(parsed) = Url::parse(url) else { return Vec::new() };
    let api = match (&config.base_url, home) {
        (Some(base), _) => base.clone(),
        (None, Some(_)) => parsed.origin().ascii_serialization(),
        (None, None) => return Vec::new(),
    };
    let url = format!("{api}{}", parsed.path());
    let mut places = vec![Userinfo { url, field: field(own_field), method: method.clone() }];
    if service.dialect == Dialect::Google {
        let (path, email) = GOOGLE_USERINFO;
        places.push(Userinfo { url: format!("{api}{path}"), field: email.into(), method });
    }
    places
}

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
