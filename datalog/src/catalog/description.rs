//! The facts file of a service: its description without prose, one operation a line.
//!
//! The file is JSON lines: a header, then named types, then operations, each group sorted, so that a new revision makes
//! a short diff. The importer writes it, and the catalog reads it when it loads. It holds no judgement: effects,
//! resources and the meaning of hosts stand in the overlay.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::words::message::{Hinted, Message};
use crate::words::names::ServiceName;

/// The version of the format that this code writes and reads.
pub(crate) const FORMAT: u32 = 1;

/// Why a facts file or an overlay cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FactsError(Message);

impl FactsError {
    pub(crate) fn new(message: impl Into<Message>) -> Self {
        Self(message.into())
    }
}

impl Hinted for FactsError {
    fn hint(&self) -> Option<String> {
        self.0.hint.clone()
    }
}

/// Where a description came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DescriptionSource {
    Discovery,
    OpenApi,
    /// The declarations of the provider's own client.
    Client,
}

/// The first line of a facts file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub hallpass_facts: u32,
    pub service: ServiceName,
    pub title: String,
    pub source: DescriptionSource,
    /// The provider's own revision of the description.
    pub revision: String,
    /// The provider's hosts. Requests go to the first one.
    pub hosts: Vec<String>,
    /// Query parameters that every operation takes: name (`*` after it: may repeat) to type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// Request headers that operations take and that may be sent, in lower case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_headers: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignIn>,
}

/// How a person signs in, as far as the description says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SignIn {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorize_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_url: Option<String>,
    /// The address that says whose token it is; a path if the description names no host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_field: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub authorize_parameters: BTreeMap<String, String>,
    /// Whether a refresh token survives its use.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keeps_refresh_token: bool,
}

/// A named type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypeLine {
    #[serde(rename = "type")]
    pub name: String,
    /// The type that this name stands for; then there are no fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
    /// Field name (`!` after it: required) to type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// The type of any other field; none if the object is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<String>,
}

/// An operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperationLine {
    /// The provider's own id, without the service.
    pub op: String,
    /// `METHOD /path/{parameter}/{typed:int}/{with_slashes+}`.
    pub at: String,
    /// The host, unless it is the service's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Query parameter name (`*`: may repeat, `[]`: with keys in brackets, `!`: required) to type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// The type of the JSON body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub body_required: bool,
    /// Form field name (`*`, `[]` and `!` as in a query) to type; `any` is JSON written as text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub form: BTreeMap<String, String>,
    /// Media types that the body may have instead, unchanged; `message/*` stands for a family.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<String>,
    /// The path template of the upload variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
    /// Names of answer fields that may hold a credential.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
    /// Whether the answer may send the caller to another URL.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redirects: bool,
    /// Whether the answer is the content of a file, never the API's own JSON.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub content: bool,
    /// The scopes of which a grant must have one; empty if the description names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
}

/// A whole facts file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub header: Header,
    pub types: Vec<TypeLine>,
    pub operations: Vec<OperationLine>,
}

impl Facts {
    /// Reads a facts file.
    pub(crate) fn parse(text: &str) -> Result<Self, FactsError> {
        let mut lines = text.lines().enumerate();
        let header: Header = match lines.next() {
            Some((number, line)) => parse_line(number, line)?,
            None => return Err(FactsError::new("expected a facts file, got nothing")),
        };
        if header.hallpass_facts != FORMAT {
            let got = header.hallpass_facts;
            let says = format!("expected facts of format {FORMAT}, got format {got}");
            let hint = "import the description again with this version";
            return Err(FactsError::new(Message::new(says).hint(hint)));
        }
        let mut facts = Self { header, types: Vec::new(), operations: Vec::new() };
        for (number, line) in lines {
            if line.starts_with("{\"type\"") {
                facts.types.push(parse_line(number, line)?);
            } else {
                facts.operations.push(parse_line(number, line)?);
            }
        }
        Ok(facts)
    }

    /// The text of the file; `parse` reads it back.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        let mut line = |json: Result<String, serde_json::Error>| {
            // Infallible: strings, maps with string keys and numbers only.
            text.push_str(&json.unwrap_or_default());
            text.push('\n');
        };
        line(serde_json::to_string(&self.header));
        self.types.iter().for_each(|entry| line(serde_json::to_string(entry)));
        self.operations.iter().for_each(|entry| line(serde_json::to_string(entry)));
        text
    }
}

fn parse_line<'a, T: Deserialize<'a>>(number: usize, line: &'a str) -> Result<T, FactsError> {
    serde_json::from_str(line)
        .map_err(|error| FactsError::new(format!("line {} of the facts: {error}", number + 1)))
}
