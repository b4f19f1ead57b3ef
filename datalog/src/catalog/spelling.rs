//! The one spelling of a name in facts, and how a caveat must spell it.
//!
//! A caveat in another spelling would never match, so its `reject if` would never reject. A person's check is not
//! corrected: an error names the wrong spelling and the right one. A flag's value is corrected.
//!
//! - Invariant: No spelling of a name gets past a caveat: each thing has one name in facts
//!   (`a_deny_on_a_repository_is_not_evaded_by_case`, `a_deny_on_a_repository_is_not_evaded_by_another_name_of_it`,
//!   `a_branch_has_one_name`, `the_accounts_calendar_has_one_name`, `a_workflow_file_is_seen_however_it_is_written`,
//!   `a_conversation_has_one_name`).

use crate::catalog::operation::{IdPart, ResourceRule};
use crate::catalog::service::Service;
use crate::words::names::{Account, OperationId};

/// Whether these parts can make up the id.
fn fits(parts: &[IdPart], id: &str) -> bool {
    let mut rest = id;
    for (place, part) in parts.iter().enumerate() {
        match (part, parts.get(place + 1)) {
            (IdPart::Text(text), _) => match rest.strip_prefix(text.as_ref()) {
                Some(after) => rest = after,
                None => return false,
            },
            (IdPart::Argument(_), Some(IdPart::Text(text))) => match rest.find(text.as_ref()) {
                Some(at) if at > 0 => rest = rest.split_at(at).1,
                _ => return false,
            },
            (IdPart::Argument(_), _) => return !rest.is_empty(),
        }
    }
    rest.is_empty()
}

impl Service {
    /// Whether facts have the argument of this name in lower case.
    pub fn folds(&self, argument: &str) -> bool {
        self.folded.contains(argument)
    }

    /// Whether facts may spell a value of this argument in another way than a request.
    pub(crate) fn respells(&self, argument: &str) -> bool {
        self.folds(argument)
            || self.uuids.contains(argument)
            || self.suffixes.contains_key(argument)
            || self.own.keys().any(|own| own.rsplit(' ').next() == Some(argument))
    }

    /// The argument's value as facts spell it, if that differs.
    pub(crate) fn spelled(&self, argument: &str, value: &str) -> Option<String> {
        if self.uuids.contains(argument) {
            return uuid(value).filter(|spelled| spelled != value);
        }
        let mut text = if self.folds(argument) { value.to_ascii_lowercase() } else { value.to_owned() };
        if let Some(suffix) = self.suffixes.get(argument) {
            while let Some(shorter) = text.strip_suffix(suffix.as_str()).filter(|shorter| !shorter.is_empty())
            {
                text = shorter.to_owned();
            }
        }
        (text != value).then_some(text)
    }

    /// The word that means the account's own address in that argument of an operation.
    pub(crate) fn own_word(&self, operation: &OperationId, argument: &str) -> Option<&str> {
        if self.own.is_empty() {
            return None;
        }
        let op = operation.as_str().strip_prefix(self.name.as_str()).and_then(|op| op.strip_prefix('.'));
        let special = op.and_then(|op| self.own.get(&format!("{op} {argument}")));
        special.or_else(|| self.own.get(argument)).map(String::as_str)
    }

    /// The argument's value as a caveat on one account must spell it, if that differs.
    pub fn argument_respelled(&self, account: &Account, argument: &str, value: &str) -> Option<String> {
        let own = self.own.get(argument).map(|word| own_name(word, account, value));
        own.filter(|own| own != value).or_else(|| self.spelled(argument, value))
    }

    /// The kinds of things that the service's operations touch.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| &*rule.kind)
    }

    /// Whether a thing of this kind could have this id.
    pub fn could_be(&self, kind: &str, id: &str) -> bool {
        self.rules.iter().find(|rule| *rule.kind == *kind).is_some_and(|rule| fits(&rule.id, id))
    }

    /// How ids of this kind are joined, by the first rule: `{owner}/{repo}`. Other rules may take the whole id from
    /// one argument of the request.
    pub fn shape(&self, kind: &str) -> Option<String> {
        let part = |part: &IdPart| match part {
            IdPart::Text(text) => text.to_string(),
            IdPart::Argument(name) => format!("{{{name}}}"),
        };
        let rule = self.rules.iter().find(|rule| *rule.kind == *kind)?;
        Some(format!("`{}`", rule.id.iter().map(part).collect::<String>()))
    }

    /// The id as facts spell it, if that differs from this one.
    pub fn respelled(&self, account: &Account, kind: &str, id: &str) -> Option<String> {
        let of_kind = self.rules.iter().filter(|rule| *rule.kind == *kind);
        let respelled = of_kind.filter_map(|rule| self.by_rule(account, rule, id)).next();
        let folded = self.folded_kinds.contains(kind);
        let respelled = respelled.map(|id| if folded { id.to_ascii_lowercase() } else { id });
        respelled.filter(|respelled| respelled != id)
    }

    /// The id as facts spell it, split in the way that this rule joins it; none if the rule cannot make up the id.
    fn by_rule(&self, account: &Account, rule: &ResourceRule, id: &str) -> Option<String> {
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
                    let shorter = rule.strip.iter().find_map(|prefix| value.strip_prefix(prefix.as_ref()));
                    let value = shorter.filter(|_| parts.peek().is_none()).unwrap_or(value);
                    match self.argument_respelled(account, name, value) {
                        Some(spelled) => text.push_str(&spelled),
                        None => text.push_str(value),
                    }
                }
            }
        }
        rest.is_empty().then_some(text)
    }
}

/// An id of 32 hexadecimal digits, with the dashes of a UUID or without, in the one spelling that facts have.
pub(crate) fn uuid(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let is_id = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut spelled = String::with_capacity(36);
    for (place, digit) in digits.to_ascii_lowercase().chars().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            spelled.push('-');
        }
        spelled.push(digit);
    }
    let has_dashes = text.len() == 36 && text.eq_ignore_ascii_case(&spelled);
    (is_id && (text.len() == 32 || has_dashes)).then_some(spelled)
}

/// The word, if the text is the word or the account's own address; otherwise the text in lower case.
pub(crate) fn own_name(word: &str, account: &Account, text: &str) -> String {
    let folded = text.to_ascii_lowercase();
    match folded == word || is_same_mailbox(&folded, &account.as_str().to_ascii_lowercase()) {
        true => word.to_owned(),
        false => folded,
    }
}

/// Whether two addresses, in lower case, are one mailbox. Google's own two domains count as one, and in them dots and
/// text behind a `+` do not count.
pub(crate) fn is_same_mailbox(left: &str, right: &str) -> bool {
    let plain = |address: &str| {
        let (local, domain) = address.rsplit_once('@')?;
        let local = local.split('+').next().unwrap_or_default().replace('.', "");
        matches!(domain, "gmail.com" | "googlemail.com").then_some(local)
    };
    left == right || plain(left).is_some_and(|local| Some(local) == plain(right))
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn an_id_has_one_spelling_with_dashes_and_without() {
        let spelled = "01234567-89ab-cdef-0123-456789abcdef";
        for one in [spelled, "0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789abcdef"] {
            assert_eq!(uuid(one).as_deref(), Some(spelled), "{one}");
        }
        assert_eq!(uuid(&spelled.to_uppercase()).as_deref(), Some(spelled));
        for odd in ["", "me", "0123456789abcdef0123456789abcde", "0-123456789abcdef0123456789abcdef"] {
            assert_eq!(uuid(odd), None, "{odd}");
        }
        assert_eq!(uuid("Plan-0123456789abcdef0123456789abcdef"), None);
    }
}
