//! Names as types. Each is parsed at the edge, so the code inside never checks it again.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::words::value::Text;

/// Why a text is not a name of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{got}` is not {what}: expected {expected}")]
pub struct NameError {
    pub what: &'static str,
    pub expected: &'static str,
    pub got: String,
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Arc<str>);

        impl $type {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    return Ok(Self(Arc::from(text)));
                }
                let got = text.chars().take(80).flat_map(char::escape_debug).collect();
                Err(NameError { what: $what, expected: $expected, got })
            }
        }

        impl From<&$type> for Text {
            fn from(name: &$type) -> Self {
                Self::Shared(name.0.clone())
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name!(
    /// A person's own name for one link to one account: `gmail`, `gmail-work`.
    ConnectionName, "a connection name", "1 to 40 of a-z, 0-9 and -, starting with a letter", |text| {
        text.len() <= 40
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
);

name!(
    /// An API in the catalog: `gmail`, `github`.
    ServiceName, "a service name", "1 to 40 of a-z, 0-9 and -, starting with a letter", |text| {
        text.len() <= 40
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
);

name!(
    /// One method of a service under the provider's own id, qualified by the service:
    /// `gmail.users.messages.list`, `github.repos/get`.
    OperationId, "an operation id", "SERVICE.METHOD, printable ASCII without space, `*`, `,`, `=` or `:`", |text| {
        text.len() <= 200
            && text.split_once('.').is_some_and(|(service, rest)| !service.is_empty() && !rest.is_empty())
            && text.bytes().all(|b| b.is_ascii_graphic() && !b"*,=:\"\\".contains(&b))
    }
);

name!(
    /// The random id inside a pass's signed authority block; what `revoke` takes.
    PassId, "a pass id", "`p_` and 22 characters of base64url", |text| {
        text.strip_prefix("p_").is_some_and(|rest| {
            rest.len() == 22 && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
    }
);

name!(
    /// What revokes one block of a pass: the pass id for the authority block; for a later block the hex form of its
    /// signature (its Biscuit revocation identifier).
    RevocationId, "a revocation id", "a pass id, or 128 hexadecimal digits", |text| {
        PassId::from_str(text).is_ok()
            || (text.len() == 128 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
    }
);

name!(
    /// The account behind a connection as the provider names it: an address or a login.
    Account, "an account", "1 to 254 characters without control characters", |text| {
        !text.is_empty() && text.len() <= 254 && !text.chars().any(char::is_control)
    }
);

name!(
    /// One request that a person is asked about.
    ApprovalId, "an approval's id", "`a_` and 22 characters of base64url", |text| {
        text.strip_prefix("a_").is_some_and(|rest| {
            rest.len() == 22 && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
    }
);

name!(
    /// A person who approves, with a key of their own: `owner`, `alice`.
    ApproverName, "an approver's name", "1 to 40 of a-z, 0-9 and -, starting with a letter", |text| {
        text.len() <= 40
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
);

impl ApprovalId {
    /// The id of 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        use base64::Engine;
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        Self(Arc::from(format!("a_{text}")))
    }
}

impl PassId {
    /// For ids that are made here, in the form that `from_str` accepts.
    pub(crate) fn unchecked(text: String) -> Self {
        Self(Arc::from(text))
    }
}

impl OperationId {
    /// The service part: `gmail` of `gmail.users.messages.list`.
    pub fn service(&self) -> &str {
        self.0.split_once('.').map_or("", |(service, _)| service)
    }
}

impl From<&PassId> for RevocationId {
    fn from(id: &PassId) -> Self {
        Self(id.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_parsed_or_refused_with_what_was_expected() {
        assert!("gmail-work".parse::<ConnectionName>().is_ok());
        for bad in ["", "Gmail", "9x", "a/b", "a\r\nb", "é"] {
            let error = bad.parse::<ConnectionName>().unwrap_err();
            assert!(error.to_string().contains("expected 1 to 40"), "{error}");
        }
        assert_eq!("github.repos/get".parse::<OperationId>().unwrap().service(), "github");
        assert!("gmail".parse::<OperationId>().is_err());
    }
}
