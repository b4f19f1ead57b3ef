//! Reads a token endpoint's answer, in one place for every flow. It is pure: no I/O and no clock.
//!
//! Providers say the same thing in many ways (RFC 6749, section 5.1, more or less). The reader understands everything
//! that needs no guess: a number as text, scopes as a list, a form. It never guesses the access token or its type. If
//! an answer leaves them open, the error names the member. If an optional member cannot be read, it counts as absent,
//! so that it costs no refresh token.

use datalog::catalog::TokenShape;
use secrecy::SecretString;
use time::Duration;

use super::fields::{AnswerFields, FieldValue, Twice};
use crate::audit::plain;

/// The kind of exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// A person's consent. It is exchanged for tokens.
    Consent,
    /// A refresh. It brings newer tokens for stored ones.
    Refresh,
}

/// An answer as received.
pub(super) struct ProviderAnswer<'a> {
    pub status: u16,
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
}

/// The tokens that an answer gave.
#[derive(Debug)]
pub(crate) struct Given {
    /// The access token, or why it cannot be used.
    pub access: Result<SecretString, Unread>,
    /// The new refresh token. None if the old one stays good, or if there is none.
    pub refresh: Option<SecretString>,
    pub expires_in: Option<Duration>,
    /// The granted scopes, if the answer says.
    pub scopes: Option<Vec<String>>,
    /// How long the grant lasts, if the answer says.
    pub grant_ends_in: Option<Duration>,
}

/// A provider's error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProviderError {
    pub code: String,
    /// The code and its text, for people.
    pub words: String,
}

/// The meaning of an answer.
#[derive(Debug)]
pub(super) enum Read {
    Given(Given),
    /// An error, whatever the status: some providers report errors with 200.
    Error(ProviderError),
    /// No tokens, and no readable error.
    Neither,
}

/// Why the tokens cannot be used. It repeats nothing from the answer, which may hold tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unread {
    #[error("its answer is neither JSON nor a form")]
    NoFields,
    #[error("its answer has no \"{0}\"")]
    Missing(&'static str),
    #[error("its answer has two values for \"{0}\"")]
    Twice(&'static str),
    #[error("\"{field}\" of its answer is {got}, expected text")]
    Kind { field: &'static str, got: &'static str },
    #[error("\"{0}\" of its answer has characters that do not fit a header")]
    Unsendable(&'static str),
    #[error("\"token_type\" of its answer is `{0}`, expected `bearer`")]
    TokenType(String),
}

/// Members that announce the end of a grant: Google and GitHub; Intuit; Keycloak.
const GRANT_ENDS: [&str; 3] =
    ["refresh_token_expires_in", "x_refresh_token_expires_in", "refresh_expires_in"];
/// If a time is longer than this, it counts as no end.
const LONGEST_YEARS: f64 = 100.0 * 366.0 * 86_400.0;
const LONGEST_WORDS: usize = 300;

pub(super) fn read(shape: TokenShape, occasion: Occasion, answer: &ProviderAnswer<'_>) -> Read {
    let is_success = (200..300).contains(&answer.status);
    let fields = AnswerFields::read(answer.content_type, answer.body);
    let told = fields.as_ref().and_then(told);
    match (fields, told) {
        (Some(fields), told) if is_success => {
            let given = given(shape, occasion, &fields);
            match told {
                // If a provider gives a token, it reports no error, whatever else the answer holds.
                Some(told) if given.access.is_err() && given.refresh.is_none() => Read::Error(told),
                _ => Read::Given(given),
            }
        }
        (_, Some(told)) => Read::Error(told),
        (None, None) if is_success => Read::Given(Given::nothing(Unread::NoFields)),
        (_, None) => Read::Neither,
    }
}

impl Given {
    fn nothing(because: Unread) -> Self {
        Self { access: Err(because), refresh: None, expires_in: None, scopes: None, grant_ends_in: None }
    }
}

/// Returns the error of an answer: `error` as text (RFC 6749, section 5.2), or an object with a code.
fn told(fields: &AnswerFields) -> Option<ProviderError> {
    let (code, more) = match fields.get("error") {
        Ok(Some(FieldValue::Object(error))) => {
            let code = ["code", "type", "status", "error"].into_iter().find_map(|name| error.text(name));
            (code.or_else(|| error.text("message"))?, error.text("message"))
        }
        _ => (fields.text("error")?, fields.text("error_description")),
    };
    let words = match more.filter(|more| *more != code) {
        Some(more) => format!("{code}: {more}"),
        None => code.to_owned(),
    };
    Some(ProviderError { code: code.to_owned(), words: plain(&words).chars().take(LONGEST_WORDS).collect() })
}

fn given(shape: TokenShape, occasion: Occasion, fields: &AnswerFields) -> Given {
    let fields = match shape {
        TokenShape::Standard => fields,
        TokenShape::AuthedUser => match of_person(occasion, fields) {
            Ok(fields) => fields,
            Err(unread) => return Given::nothing(unread),
        },
    };
    let seconds_of = |name| fields.get(name).ok().flatten().and_then(seconds);
    Given {
        access: access(shape, fields),
        refresh: fields.text("refresh_token").filter(|token| is_sendable(token)).map(SecretString::from),
        expires_in: seconds_of("expires_in"),
        scopes: fields.get("scope").ok().flatten().and_then(scopes),
        grant_ends_in: GRANT_ENDS.into_iter().find_map(seconds_of),
    }
}

/// Returns the members with the person's tokens, as Slack gives them. After a consent they are under `authed_user`,
/// beside a bot's tokens, which are ignored. After a refresh they are in the answer itself. Source: docs.slack.dev,
/// `oauth.v2.access`.
fn of_person(occasion: Occasion, fields: &AnswerFields) -> Result<&AnswerFields, Unread> {
    let has_tokens = |fields: &AnswerFields| {
        fields.text("access_token").is_some() || fields.text("refresh_token").is_some()
    };
    match fields.get("authed_user") {
        Err(Twice) => return Err(Unread::Twice("authed_user")),
        Ok(Some(FieldValue::Object(person))) if has_tokens(person) => return Ok(person),
        Ok(_) => {}
    }
    match (fields.text("token_type"), occasion) {
        // If a person's token was exchanged, the answer has a person's token, unless it says otherwise.
        (Some("user"), _) | (None, Occasion::Refresh) => Ok(fields),
        _ => Err(Unread::Missing("authed_user")),
    }
}

fn access(shape: TokenShape, fields: &AnswerFields) -> Result<SecretString, Unread> {
    let token = required(fields, "access_token")?;
    if !is_sendable(token) {
        return Err(Unread::Unsendable("access_token"));
    }
    // RFC 6749, section 7.1: a token of an unknown type is not used.
    match fields.get("token_type") {
        Err(Twice) => Err(Unread::Twice("token_type")),
        Ok(None) => Ok(SecretString::from(token)),
        Ok(Some(FieldValue::Text(kind))) => match kind.trim().to_ascii_lowercase().as_str() {
            "" | "bearer" => Ok(SecretString::from(token)),
            "user" if shape == TokenShape::AuthedUser => Ok(SecretString::from(token)),
            _ => Err(Unread::TokenType(plain(kind).chars().take(40).collect())),
        },
        Ok(Some(other)) => Err(Unread::Kind { field: "token_type", got: other.what() }),
    }
}

fn required<'a>(fields: &'a AnswerFields, field: &'static str) -> Result<&'a str, Unread> {
    match fields.get(field) {
        Err(Twice) => Err(Unread::Twice(field)),
        Ok(None) => Err(Unread::Missing(field)),
        Ok(Some(FieldValue::Text(text))) if text.is_empty() => Err(Unread::Missing(field)),
        Ok(Some(FieldValue::Text(text))) => Ok(text),
        Ok(Some(other)) => Err(Unread::Kind { field, got: other.what() }),
    }
}

/// Whether a token is visible ASCII, as RFC 6749's appendix A defines tokens. A header accepts it, and a form returns
/// it unchanged.
fn is_sendable(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Reads seconds as a number or as text. If they are zero, negative or absurdly many, that counts as no end.
fn seconds(node: &FieldValue) -> Option<Duration> {
    let seconds = match node {
        FieldValue::Number(number) => *number,
        FieldValue::Text(text) if is_decimal(text.trim()) => text.trim().parse().ok()?,
        _ => return None,
    };
    (1.0..LONGEST_YEARS).contains(&seconds).then(|| Duration::seconds(seconds as i64))
}

/// Whether a text is a number like `3600` or `3600.5`. Nobody means `inf`, `1e9` or `0x10`.
fn is_decimal(text: &str) -> bool {
    let mut points = 0;
    !text.is_empty()
        && text.bytes().all(|byte| {
            points += usize::from(byte == b'.');
            byte.is_ascii_digit() || (byte == b'.' && points == 1)
        })
}

/// Reads scopes separated by spaces or commas (GitHub, Slack), or as a list. If they are empty, that says nothing:
/// GitHub's apps have no scopes.
fn scopes(node: &FieldValue) -> Option<Vec<String>> {
    let texts = match node {
        FieldValue::Text(text) => vec![text.as_str()],
        FieldValue::List(nodes) => {
            let texts = nodes.iter().map(|node| match node {
                FieldValue::Text(text) => Some(text.as_str()),
                _ => None,
            });
            texts.collect::<Option<_>>()?
        }
        _ => return None,
    };
    let split = texts.into_iter().flat_map(|text| text.split(|c: char| c == ',' || c.is_whitespace()));
    let all: Vec<String> = split.filter(|scope| !scope.is_empty()).map(String::from).collect();
    (!all.is_empty()).then_some(all)
}

/// The start of a device flow (RFC 8628, section 3.2).
#[derive(Debug)]
pub(crate) struct DeviceCodes {
    pub device_code: SecretString,
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: Option<String>,
    pub expires_in: Option<Duration>,
    pub interval: Option<Duration>,
}

pub(super) fn device_codes(answer: &ProviderAnswer<'_>) -> Result<DeviceCodes, Unread> {
    let fields = AnswerFields::read(answer.content_type, answer.body).ok_or(Unread::NoFields)?;
    let seconds_of = |name| fields.get(name).ok().flatten().and_then(seconds);
    // Google's older name for it.
    let uri = fields.text("verification_uri").or_else(|| fields.text("verification_url"));
    Ok(DeviceCodes {
        device_code: SecretString::from(required(&fields, "device_code")?),
        user_code: required(&fields, "user_code")?.to_owned(),
        verification_uri: uri.ok_or(Unread::Missing("verification_uri"))?.to_owned(),
        verification_uri_complete: fields.text("verification_uri_complete").map(String::from),
        expires_in: seconds_of("expires_in"),
        interval: seconds_of("interval"),
    })
}

/// Returns the error of an answer to the start of a device flow, or of any other answer that gives no tokens.
pub(super) fn error_of(answer: &ProviderAnswer<'_>) -> Option<ProviderError> {
    AnswerFields::read(answer.content_type, answer.body).as_ref().and_then(told)
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
