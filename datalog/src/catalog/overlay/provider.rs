//! What an overlay says of a provider: how its SDKs show an error, where arguments stand, how it does OAuth.

use std::collections::BTreeMap;

use serde::Deserialize;

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
    pub authorize_url: String,
    pub token_url: String,
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
