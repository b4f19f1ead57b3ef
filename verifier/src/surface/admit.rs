//! Admit: turns a head into a request with exactly one pass, which is taken out of it. Nothing ambiguous is left.
//!
//! It reads only the head. The body is read later (`intake`), whole and within a limit, if the pass is good. What the
//! pass allows and what the request means is not known here: `verify` and `classify` say that.
//!
//! - Invariant: A request with another credential is refused, not cleaned
//!   (`a_request_with_a_credential_of_its_own_is_refused_and_not_cleaned`).

use datalog::ConnectionName;
use datalog::catalog::marks::marks;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Method};
use secrecy::SecretString;

use crate::answer::treatment::Shows;
use crate::entrance::Scope;
use crate::filter::headers::end_to_end;
use crate::refusal::{Refusal, RefusalCode};
use crate::steps::arrived::{Arrived, Contents};
use crate::steps::verify::Trusted;
use crate::surface::framing::OwnHost;
use crate::surface::prefer;

/// The head of a request that has one pass and only one reading.
pub(crate) struct Admitted {
    pub pass: SecretString,
    pub connection: ConnectionName,
    pub method: Method,
    /// The path, percent-encoded, without the connection's name; starts with `/`.
    pub path: String,
    /// The query, percent-encoded, without the question mark.
    pub query: Option<String>,
    /// The remaining headers, without the pass.
    pub headers: HeaderMap,
    pub method_override: Option<String>,
    pub content_type: Option<String>,
    /// The agent's address for this connection: `http://HOST/CONNECTION`, or `http://HOST` on the connection's own
    /// listener.
    pub base: String,
}

impl Admitted {
    /// Returns the request itself, with its pass verified and its body read. A HEAD becomes the GET whose head it asks
    /// for (RFC 9110, section 9.3.2): the same operation, decided the same way.
    pub(crate) fn arrived(self, trusted: Trusted, body: Contents) -> Arrived {
        let shows = if self.method == Method::HEAD { Shows::Head } else { Shows::Everything };
        let method = if shows == Shows::Head { Method::GET } else { self.method };
        Arrived {
            trusted,
            host: None,
            method: method.as_str().to_owned(),
            method_override: self.method_override,
            path: self.path,
            query: self.query,
            headers: end_to_end(&self.headers),
            content_type: self.content_type,
            body,
            shows,
            base: self.base,
            patience: prefer::patience(&self.headers),
        }
    }
}

/// Headers from which many services take a credential, in addition to `Authorization` and those of overlays. A request
/// that fills one is refused. The gateway does not empty the header, because the agent meant to use it.
const CREDENTIAL_SLOTS: [&str; 9] = [
    "cookie",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "x-serverless-authorization",
    "x-auth-token",
    "x-access-token",
    "x-amz-security-token",
    "private-token",
];

const OVERRIDE: &str = "x-http-method-override";

/// Other spellings of the method override, which no supported service documents.
const OTHER_OVERRIDES: [&str; 3] = ["x-http-method", "x-method-override", "x-method"];

/// Admits a request whose framing was checked.
pub(crate) fn admit(mut parts: Parts, scope: &Scope, host: &OwnHost) -> Result<Admitted, Refusal> {
    let pass = take_pass(&mut parts.headers)?;
    no_other_credential(&parts.headers)?;
    let method_override = method_override(&parts.headers)?;
    let (connection, path) = address(parts.uri.path(), scope)?;
    let query = parts.uri.query().map(str::to_owned);
    let base = base(scope, host, &connection);
    let content_type = text(&parts.headers, CONTENT_TYPE.as_str());
    Ok(Admitted {
        pass,
        connection,
        method: parts.method,
        path,
        query,
        headers: parts.headers,
        method_override,
        content_type,
        base,
    })
}

/// Returns the agent's address for a connection at this listener.
fn base(scope: &Scope, host: &OwnHost, connection: &ConnectionName) -> String {
    match scope {
        Scope::Shared => format!("http://{}/{connection}", host.as_str()),
        Scope::Connection(_) => format!("http://{}", host.as_str()),
    }
}

/// Takes the one pass out of `Authorization: Bearer PASS` (RFC 6750) or `token PASS` (GitHub's own scheme).
pub(crate) fn take_pass(headers: &mut HeaderMap) -> Result<SecretString, Refusal> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else {
        return Err(Refusal::new(
            RefusalCode::PassMissing,
            "the request has no `Authorization: Bearer PASS`",
        ));
    };
    if lines.next().is_some() {
        return Err(Refusal::ambiguous("the header `authorization` stands twice"));
    }
    let line = line.to_str().unwrap_or_default();
    let (scheme, pass) = line.split_once(' ').unwrap_or((line, ""));
    if !scheme.eq_ignore_ascii_case("bearer") && !scheme.eq_ignore_ascii_case("token") {
        return Err(Refusal::new(
            RefusalCode::ForeignCredential,
            "the Authorization header holds something other than a bearer token",
        )
        .expected("`Bearer PASS` or `token PASS`", "another scheme"));
    }
    let pass = pass.trim_matches(' ');
    looks_like_a_pass(pass)?;
    let pass = SecretString::from(pass);
    headers.remove(AUTHORIZATION);
    Ok(pass)
}

/// How tokens begin that belong to no single service. Overlays list the others. So a refusal can name the mistake, but
/// it repeats nothing of the token.
const COMMON_TOKENS: [(&str, &str); 2] = [("eyJ", "a JSON web token"), ("sk-", "an API key")];

fn other_token(text: &str) -> Option<&'static str> {
    let common = COMMON_TOKENS.iter().find(|(start, _)| text.starts_with(start)).map(|(_, what)| *what);
    common.or_else(|| marks().iter().find_map(|service| service.credential.of_token(text)))
}

fn looks_like_a_pass(text: &str) -> Result<(), Refusal> {
    if text.is_empty() {
        return Err(Refusal::new(RefusalCode::PassMissing, "the Authorization header holds no pass"));
    }
    if let Some(what) = other_token(text) {
        return Err(Refusal::new(RefusalCode::PassInvalid, "the bearer token is not a pass")
            .expected("a pass, `hallpass_…`", format!("something that looks like {what}"))
            .hint(
                "agents hold passes only: mint one with `hallpass mint`, and revoke that token if it leaked",
            ));
    }
    // It checks every byte even after a bad one, so that the compiler can check many at once.
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'_' | b'=');
    if !text.bytes().fold(true, |so_far, byte| so_far & is_base64(byte)) {
        return Err(Refusal::new(RefusalCode::PassInvalid, "the bearer token is not a pass")
            .expected("base64url, optionally after `hallpass_`", "other characters"));
    }
    Ok(())
}

pub(crate) fn no_other_credential(headers: &HeaderMap) -> Result<(), Refusal> {
    let own = marks().iter().flat_map(|service| &service.credential.headers).map(String::as_str);
    match CREDENTIAL_SLOTS.into_iter().chain(own).find(|slot| headers.contains_key(*slot)) {
        None => Ok(()),
        Some(slot) => Err(Refusal::new(
            RefusalCode::ForeignCredential,
            format!("the request carries a credential in the header `{slot}`"),
        )
        .expected("the pass, and no other credential", format!("`{slot}`"))
        .hint("remove it: the gateway puts the real credential in")),
    }
}

fn method_override(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    if let Some(other) = OTHER_OVERRIDES.iter().find(|name| headers.contains_key(**name)) {
        return Err(Refusal::ambiguous(format!("the header `{other}` asks for another method")));
    }
    if headers.get_all(OVERRIDE).iter().nth(1).is_some() {
        return Err(Refusal::ambiguous(format!("the header `{OVERRIDE}` stands twice")));
    }
    Ok(text(headers, OVERRIDE))
}

/// Returns the connection, and the service's own path on it.
fn address(path: &str, scope: &Scope) -> Result<(ConnectionName, String), Refusal> {
    let name = match scope {
        Scope::Connection(name) => return Ok((name.clone(), path.to_owned())),
        Scope::Shared => path.strip_prefix('/').unwrap_or_default(),
    };
    let (name, rest) =
        name.split_once('/').map_or((name, "/".to_owned()), |(name, rest)| (name, format!("/{rest}")));
    match name.parse() {
        Ok(name) => Ok((name, rest)),
        Err(_) => Err(Refusal::ambiguous("the path does not start with the name of a connection")
            .expected("`/CONNECTION/…the service's own path…`", "another path")
            .hint("`GET /pass` lists the base URL of each connection of a pass")),
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use secrecy::ExposeSecret;

    use super::*;

    fn taken(lines: &[&str]) -> Result<String, RefusalCode> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AUTHORIZATION, HeaderValue::from_str(line).unwrap());
        }
        let pass = take_pass(&mut headers).map_err(|refusal| refusal.code)?;
        assert!(headers.is_empty(), "the pass is still among the headers");
        Ok(pass.expose_secret().to_owned())
    }

    #[test]
    fn one_pass_is_taken_out_under_either_scheme() {
        for line in
            ["Bearer hallpass_abc", "bearer hallpass_abc", "TOKEN hallpass_abc", "token  hallpass_abc"]
        {
            assert_eq!(taken(&[line]).as_deref(), Ok("hallpass_abc"), "{line}");
        }
        assert_eq!(taken(&["Bearer En0KEw-_=="]).as_deref(), Ok("En0KEw-_=="));
    }

    #[test]
    fn anything_but_one_pass_is_refused() {
        use RefusalCode::{ForeignCredential, PassInvalid, PassMissing};
        assert_eq!(taken(&[]), Err(PassMissing));
        assert_eq!(taken(&["Bearer "]), Err(PassMissing));
        assert_eq!(taken(&["Bearer a", "Bearer a"]), Err(RefusalCode::AmbiguousRequest));
        assert_eq!(taken(&["Basic aHVudGVyMg=="]), Err(ForeignCredential));
        assert_eq!(taken(&["hallpass_abc"]), Err(ForeignCredential));
        for token in ["ya29.a0Af", "ghp_0123", "xoxb-1", "eyJhbGci", "a,b", "a b", "a/b", "a.b"] {
            assert_eq!(taken(&[&format!("Bearer {token}")]), Err(PassInvalid), "{token}");
        }
    }

    #[test]
    fn a_refused_token_is_not_repeated() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer ghp_sentinel"));
        let refusal = take_pass(&mut headers).unwrap_err();
        assert!(!format!("{refusal:?}").contains("sentinel"));
    }

    #[test]
    fn the_prefix_names_the_connection() {
        let split = |path: &str| address(path, &Scope::Shared).map(|(name, rest)| (name.to_string(), rest));
        assert_eq!(split("/gmail/gmail/v1/users/me").unwrap(), ("gmail".into(), "/gmail/v1/users/me".into()));
        assert_eq!(split("/github").unwrap(), ("github".into(), "/".into()));
        assert_eq!(split("/github//user").unwrap(), ("github".into(), "//user".into()));
        for path in ["/", "//github/user", "/Git/user", "/git%68ub/user", "/../github", "*"] {
            assert!(split(path).is_err(), "{path}");
        }
        let own = Scope::Connection("work".parse().unwrap());
        assert_eq!(address("/github/user", &own).unwrap().1, "/github/user");
    }
}
