//! What a provider's answers say about the connection itself, besides answering the request: its token is dead, a
//! scope was never granted, its owner has to sign on somewhere.
//!
//! It holds the overlay's data and compares it with an answer. The caller decides what follows.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The overlay's `[provider]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Manners {
    /// How an answer says that the token is dead, other than by status 401.
    pub dead_token: Option<BodySign>,
    /// How an answer says that a scope is missing, other than by a challenge with `insufficient_scope` (RFC 6750,
    /// section 3.1).
    pub missing_scope: Option<BodySign>,
    pub scope_headers: Option<ScopeHeaders>,
    /// Response headers that are for the connection's owner. Agents do not get them.
    pub owner_headers: Vec<OwnerHeader>,
}

impl Manners {
    /// Whether a response header is for the connection's owner. Agents do not get it.
    pub fn reads_header(&self, name: &str) -> bool {
        let scopes = self.scope_headers.iter().flat_map(|known| [&known.accepted, &known.granted]);
        scopes.chain(self.owner_headers.iter().map(|known| &known.name)).any(|known| known == name)
    }
}

/// A member of a JSON answer. If it has one of a few values, the answer has a special meaning.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodySign {
    /// The status of such an answer.
    pub status: u16,
    /// The member's name. Dots lead into objects, and every element of a list is examined.
    pub member: String,
    pub values: Vec<String>,
    /// The member that names what is missing, if any.
    #[serde(default)]
    pub names: Option<String>,
}

impl BodySign {
    /// The first of `values` that this answer has; none if it has none of them.
    pub fn said(&self, status: u16, answer: &Value) -> Option<&str> {
        if status != self.status {
            return None;
        }
        let found = texts(answer, &self.member);
        self.values.iter().map(String::as_str).find(|value| found.contains(value))
    }

    /// The names of the missing things, as the answer gives them.
    pub fn named<'a>(&self, answer: &'a Value) -> Vec<&'a str> {
        let found = self.names.as_deref().map(|member| texts(answer, member)).unwrap_or_default();
        found.into_iter().flat_map(|text| text.split([',', ' '])).filter(|name| !name.is_empty()).collect()
    }
}

/// Headers that name the scopes that an operation accepts (any one is enough), and the scopes of the token.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeHeaders {
    /// The statuses with which an answer may refuse for lack of a scope.
    pub statuses: Vec<u16>,
    pub accepted: String,
    pub granted: String,
}

impl ScopeHeaders {
    /// The accepted scopes, if the token has none of them. Any one of them would be enough.
    pub fn missing<'a>(&self, status: u16, accepted: &'a str, granted: &str) -> Vec<&'a str> {
        let list = |text: &'a str| text.split(',').map(str::trim).filter(|scope| !scope.is_empty());
        let has = |scope: &str| granted.split(',').any(|granted| granted.trim() == scope);
        if !self.statuses.contains(&status) || list(accepted).any(has) {
            return Vec::new();
        }
        list(accepted).collect()
    }
}

/// One header: a word, then parameters after `;`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerHeader {
    /// The header's name, in lower case.
    pub name: String,
    /// The word that asks the owner to do something.
    pub required: String,
    /// The word that says that the answer is incomplete until the owner has done it.
    pub partial: String,
    /// The parameter with the address where the owner does it.
    pub link: String,
    /// What the owner does there, as words to follow "has to".
    pub deed: String,
}

/// What a header for the owner says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnerSign {
    Required { link: Option<String> },
    Partial,
}

impl OwnerHeader {
    pub fn said(&self, value: &str) -> Option<OwnerSign> {
        let mut parts = value.split(';').map(str::trim);
        let word = parts.next()?;
        if word.eq_ignore_ascii_case(&self.partial) {
            return Some(OwnerSign::Partial);
        }
        if !word.eq_ignore_ascii_case(&self.required) {
            return None;
        }
        let link = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case(&self.link).then(|| value.trim().trim_matches('"').to_owned())
        });
        Some(OwnerSign::Required { link })
    }
}

/// The texts at a dotted name, in every element of the lists on the way.
fn texts<'a>(answer: &'a Value, member: &str) -> Vec<&'a str> {
    let mut here = vec![answer];
    for name in member.split('.') {
        here = here.into_iter().flat_map(elements).filter_map(|value| value.get(name)).collect();
    }
    here.into_iter().flat_map(elements).filter_map(Value::as_str).collect()
}

fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    }
}

/// Scope to the scopes that it includes. A provider may leave those out of the list of granted ones.
pub(crate) type Includes = BTreeMap<String, Vec<String>>;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_is_found_through_objects_and_lists() {
        let sign = BodySign {
            status: 403,
            member: "error.details.reason".into(),
            values: vec!["A".into(), "B".into()],
            names: Some("needed".into()),
        };
        let answer =
            json!({ "error": { "details": [{ "reason": "X" }, { "reason": "B" }] }, "needed": "a,b c" });
        assert_eq!(sign.said(403, &answer), Some("B"));
        assert_eq!(sign.named(&answer), ["a", "b", "c"]);
        assert_eq!(sign.said(200, &answer), None);
        assert_eq!(sign.said(403, &json!({ "error": "B" })), None);
        assert_eq!(sign.said(403, &json!({ "error": { "details": { "reason": "A" } } })), Some("A"));
        assert_eq!(sign.said(403, &json!(["B"])), None);
    }

    #[test]
    fn a_scope_is_missing_only_where_none_of_the_accepted_ones_was_granted() {
        let headers = ScopeHeaders { statuses: vec![403, 404], accepted: "a".into(), granted: "g".into() };
        assert_eq!(headers.missing(404, "admin:org, repo", "read:user"), ["admin:org", "repo"]);
        assert!(headers.missing(404, "admin:org, repo", "read:user, repo").is_empty());
        assert!(headers.missing(200, "repo", "").is_empty());
        assert!(headers.missing(403, "", "").is_empty());
    }

    #[test]
    fn a_header_for_the_owner_is_read_word_by_word() {
        let header = OwnerHeader {
            name: "x".into(),
            required: "required".into(),
            partial: "partial-results".into(),
            link: "url".into(),
            deed: "sign on".into(),
        };
        let required = |link: Option<&str>| Some(OwnerSign::Required { link: link.map(String::from) });
        assert_eq!(header.said("required; url=https://a/b?c=d"), required(Some("https://a/b?c=d")));
        assert_eq!(header.said("Required;url=\"https://a\""), required(Some("https://a")));
        assert_eq!(header.said("required"), required(None));
        assert_eq!(header.said("partial-results; organizations=1,2"), Some(OwnerSign::Partial));
        assert_eq!(header.said("not required; url=https://a"), None);
    }
}
