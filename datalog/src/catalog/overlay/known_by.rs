//! How Hallpass recognizes a service: by its credentials, its own clients and its paths, as an overlay lists them.
//!
//! This is only data. Before a pass is verified, nobody may learn which services are connected. So the gateway looks at
//! the marks of every built-in service (`catalog::marks`).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::catalog::description::FactsError;

/// The overlay's `[credential]`: how to tell a credential of the service from a pass, and where people keep one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CredentialMarks {
    /// Request headers, in lower case, that the service takes a credential from.
    pub headers: Vec<String>,
    /// The beginning of its tokens, and what such a token is called ("a GitHub token").
    pub tokens: BTreeMap<String, String>,
    /// The beginnings of its environment variables' names, in upper case.
    pub variables: Vec<String>,
    /// Words in such a name that mean a credential, in addition to those that hold for every service.
    pub variable_words: Vec<String>,
}

/// The overlay's `[clients]`: how to recognize the service's own clients, so that a refusal comes in the form they
/// can show. It decides nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientMarks {
    /// Parts of their `User-Agent`, in lower case.
    pub agents: Vec<String>,
    /// Headers that only they send, in lower case.
    pub headers: Vec<String>,
    /// Parts of their `Accept`, in lower case.
    pub accept: Vec<String>,
    /// The beginnings of the service's paths: a folder (`/repos/`), or a folder with words and dots below it
    /// (`/api/*.*`).
    pub paths: Vec<String>,
}

/// The overlay's `[discovery]`: the name and the version under which Google's clients ask for a service's description.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discovery {
    pub name: String,
    pub version: String,
}

impl CredentialMarks {
    /// What kind of token this is, by its beginning.
    pub fn of_token(&self, token: &str) -> Option<&str> {
        self.tokens.iter().find(|(start, _)| token.starts_with(start.as_str())).map(|(_, what)| what.as_str())
    }

    /// Refuses a value that can mean nothing.
    pub(crate) fn check(&self) -> Result<(), FactsError> {
        all(&self.headers, "credential.headers", is_header)?;
        all(&self.variables, "credential.variables", is_variable)?;
        all(&self.variable_words, "credential.variable_words", is_variable)?;
        // A shorter beginning would also match other things, such as a pass.
        let starts: Vec<String> = self.tokens.keys().cloned().collect();
        all(&starts, "credential.tokens", |start| {
            start.len() > 2 && start.bytes().all(|b| b.is_ascii_graphic())
        })
    }
}

impl ClientMarks {
    /// Whether a path is one of the service's own, alone or after the name of a connection.
    pub fn has_path(&self, path: &str) -> bool {
        let after = path.get(1..).and_then(|rest| rest.find('/')).and_then(|at| path.get(at + 1..));
        self.begins(path) || after.is_some_and(|after| self.begins(after))
    }

    /// Whether a path begins like one of the service's own.
    pub fn begins(&self, path: &str) -> bool {
        self.paths.iter().any(|known| match known.strip_suffix(WORDS) {
            Some(folder) => path.strip_prefix(folder).is_some_and(is_words),
            None => path.starts_with(known.as_str()),
        })
    }

    pub(crate) fn check(&self) -> Result<(), FactsError> {
        all(&self.headers, "clients.headers", is_header)?;
        all(&self.agents, "clients.agents", is_lower)?;
        all(&self.accept, "clients.accept", is_lower)?;
        let is_folder = |folder: &str| folder.starts_with('/') && folder.ends_with('/');
        all(&self.paths, "clients.paths", |path| {
            path != "/" && is_folder(path.strip_suffix(WORDS).unwrap_or(path))
        })
    }
}

/// The end of a path pattern that stands for words with dots between them.
const WORDS: &str = "*.*";

fn is_words(text: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    text.contains('.') && text.split('.').all(is_word)
}

fn is_lower(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase())
}

pub(crate) fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

pub(crate) fn all(values: &[String], key: &str, is_good: impl Fn(&str) -> bool) -> Result<(), FactsError> {
    match values.iter().find(|value| !is_good(value)) {
        None => Ok(()),
        Some(bad) => Err(FactsError::new(format!("the overlay: `{key}` cannot be `{bad}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_with_the_name_of_a_connection_before_it_and_without() {
        let of = |path: &str| ClientMarks { paths: vec![path.into()], ..ClientMarks::default() };
        let (folder, words) = (of("/repos/"), of("/api/*.*"));
        for path in ["/repos/o/r", "/mine/repos/o/r"] {
            assert!(folder.has_path(path), "{path}");
        }
        for path in ["/", "/repos", "/a/b/repos/o/r", "//"] {
            assert!(!folder.has_path(path), "{path}");
        }
        assert!(words.has_path("/api/chat.postMessage") && words.has_path("/x/api/users.profile.get"));
        for path in ["/api/", "/api/chat", "/api/v1.0", "/api/a.b/c", "/api/.a", "/x/y/api/a.b"] {
            assert!(!words.has_path(path), "{path}");
        }
    }

    #[test]
    fn a_value_that_can_mean_nothing_is_refused_by_its_key() {
        let refused = |text: &str| {
            let marks: CredentialMarks = toml::from_str(text).unwrap();
            marks.check().unwrap_err().to_string()
        };
        assert_eq!(refused("headers = [\"X-Key\"]"), "the overlay: `credential.headers` cannot be `X-Key`");
        assert_eq!(refused("variables = [\"gh\"]"), "the overlay: `credential.variables` cannot be `gh`");
        assert_eq!(refused("[tokens]\na = \"x\""), "the overlay: `credential.tokens` cannot be `a`");
        let paths: ClientMarks = toml::from_str("paths = [\"/\"]").unwrap();
        assert_eq!(paths.check().unwrap_err().to_string(), "the overlay: `clients.paths` cannot be `/`");
        assert!(toml::from_str::<ClientMarks>("agent = []").is_err());
    }
}
