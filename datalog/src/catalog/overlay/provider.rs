//! What an overlay says about a provider: how its SDKs show an error, where arguments stand, how it does OAuth.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::known_by::{all, is_header};
use super::manners::Includes;
use super::which::Index;
use crate::catalog::description::{FactsError, SignIn};

/// How a service's own SDKs show an error. It says nothing else about the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    Google,
    GitHub,
    Slack,
    Notion,
    /// RFC 9457 alone.
    #[default]
    Problem,
}

/// Where the arguments of a service's operations may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carriers {
    /// Where the description says.
    #[default]
    Described,
    /// In the query, a form or a JSON body, of GET or POST. The gateway sends them as a form by POST.
    Any,
}

/// What happens to a refresh token when it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refreshing {
    /// It stays.
    Keeps,
    /// A new one comes with each use, and the old one dies: the careful assumption.
    #[default]
    Rotates,
    /// There is none: the access token lasts until it is revoked.
    None,
}

/// The OAuth endpoints of a service, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth {
    #[serde(default)]
    pub authorize_url: Option<String>,
    #[serde(default)]
    pub token_url: Option<String>,
    #[serde(default)]
    pub device_url: Option<String>,
    #[serde(default)]
    pub revoke_url: Option<String>,
    /// How the client sends its secret.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// How a token is revoked.
    #[serde(default)]
    pub revoke_by: RevokeBy,
    /// The address that is asked once after connecting, for the account's name.
    #[serde(default)]
    pub userinfo_url: Option<String>,
    #[serde(default)]
    pub userinfo_by: AskBy,
    /// Headers for that request, in lower case, such as the API's version.
    #[serde(default)]
    pub userinfo_headers: BTreeMap<String, String>,
    /// The field of its answer that names the account. Dots lead into objects.
    #[serde(default)]
    pub account_field: Option<String>,
    /// Other places that are asked in turn, if the answer has no such field or never came.
    #[serde(default)]
    pub also_userinfo: Vec<AlsoUserinfo>,
    /// What happens to the old access token on a refresh.
    #[serde(default)]
    pub old_access: OldAccess,
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Parameters of the authorization request, in addition to those of RFC 6749 and RFC 7636.
    #[serde(default)]
    pub authorize_parameters: BTreeMap<String, String>,
    #[serde(default)]
    pub refreshing: Refreshing,
    #[serde(default)]
    pub tokens: TokenShape,
    /// The parameter of the authorization request that names the account. It helps a person with several accounts to
    /// consent for the right one.
    #[serde(default)]
    pub login_hint: Option<String>,
    /// Scope to the scopes that it includes.
    #[serde(default)]
    pub includes: Includes,
    /// Scope to the operations that do not work without it. An operation listed under several scopes needs all of them.
    #[serde(default)]
    pub without: BTreeMap<String, Vec<String>>,
}

/// How the OAuth client sends its secret (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuth {
    /// The secret is in the form.
    #[default]
    Post,
    /// The secret is in the header.
    Basic,
}

/// How a token is revoked at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum RevokeBy {
    /// RFC 7009, at `revoke_url`.
    #[default]
    Form,
    /// At `revoke_url`, with the token itself as the bearer. The answer is an object that says `ok`.
    Bearer,
    /// DELETE at the service's own API, with the client as Basic credentials and `access_token` in JSON.
    /// `{client_id}` in the paths stands for the client.
    Client { grant: String, token: String },
}

/// The method of the request for the account's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AskBy {
    #[default]
    Get,
    Post,
}

/// Another place that may say whose account it is: a path at the service's API, and the field of its answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlsoUserinfo {
    pub path: String,
    pub account_field: String,
}

/// What happens to the old access token when a new one is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OldAccess {
    #[default]
    LivesOn,
    /// The old token dies. So it is not lent while a refresh is under way.
    DiesAtOnce,
}

impl OAuth {
    /// Refuses a value that can mean nothing.
    pub(crate) fn check(&self) -> Result<(), FactsError> {
        let is_path = |path: &str| path.starts_with('/') && !path.starts_with("//");
        if let RevokeBy::Client { grant, token } = &self.revoke_by {
            let paths = [grant.clone(), token.clone()];
            all(&paths, "oauth.revoke_by.client", |path| is_path(path) && path.contains("{client_id}"))?;
        }
        let also: Vec<String> = self.also_userinfo.iter().map(|also| also.path.clone()).collect();
        all(&also, "oauth.also_userinfo.path", is_path)?;
        let headers: Vec<String> = self.userinfo_headers.keys().cloned().collect();
        all(&headers, "oauth.userinfo_headers", |name| is_header(name) && name != "authorization")?;
        let fields: Vec<String> = self.account_field.iter().cloned().collect();
        all(&fields, "oauth.account_field", |field| field.split('.').all(|part| !part.is_empty()))
    }

    /// Replaces the patterns by the operations that they match. Returns the first pattern that matches none.
    pub(crate) fn settle(&mut self, index: &Index<'_>) -> Result<(), String> {
        for operations in self.without.values_mut() {
            let mut chosen = Vec::new();
            for pattern in operations.iter() {
                let before = chosen.len();
                chosen.extend(index.by_id(pattern).map(str::to_owned));
                if chosen.len() == before {
                    return Err(pattern.clone());
                }
            }
            chosen.sort_unstable();
            chosen.dedup();
            *operations = chosen;
        }
        Ok(())
    }

    /// Whether the granted scopes include this one.
    pub fn has_scope(&self, scope: &str, granted: &[String]) -> bool {
        granted.iter().any(|one| {
            one == scope || self.includes.get(one).is_some_and(|more| more.iter().any(|more| more == scope))
        })
    }
}

impl From<SignIn> for OAuth {
    fn from(described: SignIn) -> Self {
        Self {
            authorize_url: described.authorize_url,
            token_url: described.token_url,
            device_url: described.device_url,
            revoke_url: described.revoke_url,
            userinfo_url: described.userinfo_url,
            account_field: described.account_field,
            scopes: described.scopes,
            authorize_parameters: described.authorize_parameters,
            refreshing: if described.keeps_refresh_token { Refreshing::Keeps } else { Refreshing::default() },
            ..Self::default()
        }
    }
}

/// Where the tokens stand in a token endpoint's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenShape {
    /// RFC 6749, section 5.1.
    #[default]
    Standard,
    /// Slack's way: the person's tokens stand under `authed_user`, beside a bot's. The authorization request names
    /// their scopes as `user_scope`.
    AuthedUser,
}
