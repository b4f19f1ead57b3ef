//! What one `--arg` says, as values.

use std::collections::BTreeSet;

use crate::catalog::ArgumentType;
use crate::catalog::selector::Target;
use crate::caveats::reach::TargetConnection;

/// What one `--arg` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(super) target: Target,
    pub(super) conditions: Vec<ArgCondition>,
    /// Names that need no mention.
    pub(super) implied: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArgCondition {
    pub(super) name: String,
    pub(super) optional: bool,
    /// None where any value will do.
    pub(super) test: Option<(ArgumentType, Test)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    Text(TextTest, String),
    In(BTreeSet<String>),
    Number(NumberTest, i64),
    NumberIn(BTreeSet<i64>),
    Is(bool),
}

impl Test {
    /// As facts spell it: whole values in the one spelling that they have, parts of them in lower case where the service
    /// compares names ignoring case.
    pub(super) fn spelled(self, name: &str, one: &TargetConnection<'_>) -> Self {
        let folded = |text: String| if one.service.folds(name) { text.to_ascii_lowercase() } else { text };
        let whole = |text: &String| {
            let spelled = one.service.argument_respelled(one.account, name, text);
            spelled.unwrap_or_else(|| text.clone())
        };
        match self {
            Self::Text(test, text) => Self::Text(test, folded(text)),
            Self::In(texts) => Self::In(texts.iter().map(whole).collect()),
            Self::Number(..) | Self::NumberIn(_) | Self::Is(_) => self,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextTest {
    Contains,
    StartsWith,
    /// By segment: the path itself, or what is below it.
    Under,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberTest {
    Less,
    AtMost,
    More,
    AtLeast,
}
