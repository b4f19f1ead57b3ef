//! A mistake in a check, in words, with what to write instead.

/// What is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lint {
    #[error("it can never fail: {0}")]
    NeverFails(&'static str),
    #[error("it can never pass: {0}")]
    NeverPasses(String),
    #[error("it never matches: facts have `{1}` in place of `{0}`, since to that service both are one name")]
    Case(String, String),
    #[error("it never matches: nothing here touches a `{got}`; there are {known}")]
    Kind { got: String, known: String },
    #[error("it never matches: a `{kind}` is named {shapes}, not `{got}`")]
    Shape { kind: String, got: String, shapes: String },
    #[error(
        "it never matches: facts have `{1}` in place of `{0}`, since addresses and domains are in lower case"
    )]
    Address(String, String),
    #[error("it cannot be evaluated: {0}")]
    Types(String),
    #[error(
        "`check if {0}(…)` holds as soon as one of several fits: write `check all`, with `or` for none at all"
    )]
    Existential(String),
    #[error(
        "`check all {0}(…)` skips each one whose `${1}` no other predicate has: compare in a condition, such as `$p.contains($r)` with `thread_participants($p)`"
    )]
    Joined(String, String),
    #[error("a request that also reaches a stranger passes: one recipient that fits is enough")]
    Stranger,
    #[error("`{text}` fits `{slips}` too")]
    Boundary { text: String, slips: String },
    #[error(
        "`reject if {0}(…)` passes a request that has none: write `check all` with what is allowed, or name the value"
    )]
    Vacuous(String),
}

impl Lint {
    /// A check to write instead, if the error itself names none.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Stranger => {
                "`--to` and `--to-domain` hold every recipient; so does `check all recipient($r), $r == \"a@example.com\" or recipient_count(0)`, and `recipient_count(1)` beside a single one".into()
            }
            Self::Boundary { text, .. } => boundary(text),
            _ => A_CHECK.into(),
        }
    }
}

/// What a check looks like.
pub(crate) const A_CHECK: &str = "`check if effects($e), !$e.contains(\"send\")` is one";

/// What to write so that a text matches only a whole domain or address.
fn boundary(text: &str) -> String {
    match text.split_once('@') {
        Some(("", _)) => format!("`.ends_with(\"{text}\")` matches the whole domain of an address"),
        Some((_, "")) => {
            format!("name the whole address, or add `.ends_with(\"@example.com\")` beside `{text}`")
        }
        Some(_) => format!("write `== \"{text}\"` for the one address"),
        None => format!(
            "write `.ends_with(\"@{0}\")` for an address, `== \"{0}\"` for a domain, and `.ends_with(\".{0}\")` for its subdomains",
            text.trim_start_matches('.')
        ),
    }
}
