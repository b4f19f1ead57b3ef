//! Names that a service compares ignoring case, as a caveat has to spell them: as facts do, in lower case.
//!
//! A caveat on another spelling would never match, so a `reject if` of it would never reject. Nothing is corrected
//! here: what a person wrote is named, and what would be right.

use super::operation::{IdPart, ResourceRule};
use super::service::Service;

impl Service {
    /// Whether facts have the argument of this name in lower case.
    pub fn folds(&self, argument: &str) -> bool {
        self.folded.contains(argument)
    }

    /// The id as facts have it, where that is another than this.
    pub fn respelled(&self, kind: &str, id: &str) -> Option<String> {
        let of_kind = self.rules.iter().filter(|rule| *rule.kind == *kind);
        let respelled = of_kind.filter_map(|rule| self.by_rule(rule, id)).next();
        respelled.filter(|respelled| respelled != id)
    }

    /// The id taken apart as a rule puts it together.
    fn by_rule(&self, rule: &ResourceRule, id: &str) -> Option<String> {
        let mut parts = rule.id.iter().peekable();
        let (mut text, mut rest) = (String::with_capacity(id.len()), id);
        while let Some(part) = parts.next() {
            match part {
                IdPart::Text(between) => {
                    rest = rest.strip_prefix(between.as_ref())?;
                    text.push_str(between);
                }
                IdPart::Argument(name) => {
                    let (value, after) = match parts.peek() {
                        Some(IdPart::Text(between)) => rest.split_at(rest.find(between.as_ref())?),
                        _ => (rest, ""),
                    };
                    rest = after;
                    match self.folds(name) {
                        true => text.push_str(&value.to_ascii_lowercase()),
                        false => text.push_str(value),
                    }
                }
            }
        }
        rest.is_empty().then_some(text)
    }
}
