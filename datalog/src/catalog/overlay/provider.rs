//! What an overlay says of a provider: how its SDKs show an error, where arguments stand, how it does OAuth.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::catalog::facts::SignIn;

/// How a service's own SDKs show an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    Google,
    GitHub,
    Slack,
    /// RFC 9457 and no more.
    #[default]
    Problem,
}

/// Where the arguments of a service's operations may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carriers {
    /// Each where the description says.
    #[default]
    Described,
    /// In the query, a form or a JSON body, of GET or POST: they are sent as the form of a POST.
    Any,
}

/// What becomes of a refresh token when it is used.
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

/// The OAuth endpoints of a service, where they are known.
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
    /// Asked once after connecting, for the account's name.
    #[serde(default)]
    pub userinfo_url: Option<String>,
    /// The field of its answer that names the account.
    #[serde(default)]
    pub account_field: Option<String>,
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Sent with the authorization request, beside what RFC 6749 and RFC 7636 name.
    #[serde(default)]
    pub authorize_parameters: BTreeMap<String, String>,
    #[serde(default)]
    pub refreshing: Refreshing,
    #[serde(default)]
    pub tokens: TokenShape,
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
            tokens: TokenShape::Standard,
        }
    }
}

/// Where a token endpoint's answer has the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenShape {
    /// RFC 6749, section 5.1.
    #[default]
    Standard,
    /// Slack's: the person's under `authed_user`, asked for as `user_scope`, beside a bot's.
    AuthedUser,
}
