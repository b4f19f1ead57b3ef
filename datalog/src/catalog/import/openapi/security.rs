//! How a description says to sign in: which operations an access token in `Authorization: Bearer` opens, and where a
//! person gets one.
//!
//! Hallpass puts a credential only into that header. An operation that takes only something else (a key in another
//! header or in the query, a password, a certificate) is left out with the reason.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::servers::Server;
use crate::catalog::description::SignIn;
use crate::catalog::import::draft::{Bearer, ImportError};
use crate::catalog::import::openapi::json::string;

/// Query parameters that carry a credential, whatever the description says about them.
const CREDENTIALS: [&str; 5] = ["access_token", "api_key", "apikey", "oauth_token", "client_secret"];

/// One way to sign in.
enum Scheme<'a> {
    /// By an access token, with the flows that give one.
    Bearer(Option<&'a Map<String, Value>>),
    /// By something that has no slot in Hallpass; its name in words.
    Other(String),
}

/// What a description says about signing in.
pub(crate) struct Security<'a> {
    schemes: BTreeMap<&'a str, Scheme<'a>>,
    everywhere: Option<&'a Vec<Value>>,
    bearer: Bearer,
    /// Names of query parameters that carry a credential.
    keys: BTreeSet<&'a str>,
    /// The scopes that operations ask for.
    scopes: BTreeSet<&'a str>,
}

impl<'a> Security<'a> {
    pub(crate) fn read(document: &'a Value, bearer: Bearer) -> Self {
        let described = document.pointer("/components/securitySchemes").and_then(Value::as_object);
        let schemes = described.into_iter().flatten();
        let keys = schemes.clone().filter(|(_, scheme)| string(scheme, "in") == Some("query"));
        let everywhere = document.get("security").and_then(Value::as_array);
        Self {
            keys: keys.filter_map(|(_, scheme)| string(scheme, "name")).chain(CREDENTIALS).collect(),
            schemes: schemes.map(|(name, described)| (name.as_str(), scheme(described))).collect(),
            everywhere,
            bearer,
            scopes: BTreeSet::new(),
        }
    }

    /// Whether a parameter of a query carries a credential.
    pub(crate) fn is_key(&self, name: &str) -> bool {
        self.keys.contains(name)
    }

    /// Why a bearer token does not open an operation, in words.
    pub(crate) fn refuses(&mut self, operation: &'a Value) -> Option<String> {
        let own = operation.get("security").and_then(Value::as_array);
        let alternatives = own.or(self.everywhere).map(Vec::as_slice).unwrap_or_default();
        let mut asked = BTreeSet::new();
        for alternative in alternatives.iter().filter_map(Value::as_object) {
            let mut others = alternative.keys().filter_map(|name| self.other(name)).peekable();
            if others.peek().is_none() {
                let scopes = alternative.values().filter_map(Value::as_array).flatten();
                self.scopes.extend(scopes.filter_map(Value::as_str));
                return None;
            }
            asked.extend(others);
        }
        if asked.is_empty() || self.bearer == Bearer::Always {
            return None;
        }
        let asked: Vec<String> = asked.into_iter().collect();
        Some(format!("it asks for {}, and an access token is all that is sent", asked.join(" or ")))
    }

    fn other(&self, name: &str) -> Option<String> {
        match self.schemes.get(name) {
            Some(Scheme::Bearer(_)) => None,
            Some(Scheme::Other(words)) => Some(words.clone()),
            None => Some(format!("`{}`, which is not described", name.escape_debug())),
        }
    }

    /// Where a person gets a token: the first flow by code or device, and the scopes of the operations.
    pub(crate) fn sign_in(&self, server: &Server) -> SignIn {
        let flows = self.schemes.values().filter_map(|scheme| match scheme {
            Scheme::Bearer(flows) => *flows,
            Scheme::Other(_) => None,
        });
        let all: Vec<(&str, &Value)> = flows.flatten().map(|(kind, flow)| (kind.as_str(), flow)).collect();
        let flow = |kind: &str| all.iter().find(|(known, _)| *known == kind).map(|(_, flow)| *flow);
        let code = flow("authorizationCode");
        let device = flow("deviceAuthorization");
        let url = |flow: Option<&Value>, key| flow.and_then(|flow| absolute(string(flow, key)?, server));
        let mut scopes: Vec<String> = self.scopes.iter().map(ToString::to_string).collect();
        if scopes.is_empty() {
            let named = code.or(device).and_then(|flow| flow.get("scopes")?.as_object());
            scopes = named.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        }
        SignIn {
            authorize_url: url(code, "authorizationUrl"),
            token_url: url(code, "tokenUrl").or_else(|| url(device, "tokenUrl")),
            device_url: url(device, "deviceAuthorizationUrl"),
            scopes,
            ..SignIn::default()
        }
    }
}

/// The error for a description of which every operation was left out, because no slot fits.
pub(crate) fn nothing_left(excluded: &[String]) -> ImportError {
    let first = excluded.first().cloned().unwrap_or_default();
    ImportError::NothingLeft { count: excluded.len(), first }
}

fn scheme(described: &Value) -> Scheme<'_> {
    let word = |key| string(described, key).unwrap_or_default();
    match (word("type"), word("in")) {
        ("http", _) if word("scheme").eq_ignore_ascii_case("bearer") => Scheme::Bearer(None),
        ("http", _) if word("scheme").eq_ignore_ascii_case("basic") => {
            Scheme::Other("a name and a password".into())
        }
        ("http", _) => Scheme::Other(format!("the HTTP scheme `{}`", word("scheme").escape_debug())),
        ("oauth2", _) => Scheme::Bearer(described.get("flows").and_then(Value::as_object)),
        ("openIdConnect", _) => Scheme::Bearer(None),
        // Many descriptions call the bearer header a key.
        ("apiKey", "header") if word("name").eq_ignore_ascii_case("authorization") => Scheme::Bearer(None),
        ("apiKey", place) => {
            let place = if place == "query" { "the query".to_owned() } else { format!("a {place}") };
            Scheme::Other(format!("the key `{}` in {}", word("name").escape_debug(), place.escape_debug()))
        }
        ("mutualTLS", _) => Scheme::Other("a client certificate".into()),
        (other, _) => Scheme::Other(format!("`{}`", other.escape_debug())),
    }
}

/// The URL itself, if it uses TLS, or a path made absolute with the server's host. None for any other URL.
fn absolute(url: &str, server: &Server) -> Option<String> {
    match url.strip_prefix('/') {
        Some(path) if !path.starts_with('/') && !server.host.is_empty() => {
            Some(format!("https://{}/{path}", server.host))
        }
        _ => url.starts_with("https://").then(|| url.to_owned()),
    }
}
