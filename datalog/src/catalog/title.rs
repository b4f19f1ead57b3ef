//! The title of an operation in words, made from its id: `users.messages.trash` moves a letter to the trash.
//!
//! The first word of the id's last part is the verb, and the rest is the thing. Without a rest, the part before it is
//! the thing. `verbs.txt` and the overlay's `[titles]` give these words in plain English. No operation is named here.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use crate::catalog::description::OperationLine;
use crate::words::effect::{Effect, Effects};

/// First word to its action, with `{}` for the thing.
static VERBS: LazyLock<BTreeMap<&'static str, String>> = LazyLock::new(|| {
    let lines = include_str!("../../catalog/verbs.txt").lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = |line: &'static str| match line.split_once(" = ") {
        Some((word, phrase)) => (word, phrase.to_owned()),
        None => (line, format!("{line} {{}}")),
    };
    lines.map(read).collect()
});

/// The overlay's `[titles]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Titles {
    /// The part of an id, or the words behind its verb, to the thing's name.
    pub(crate) objects: BTreeMap<String, String>,
    /// Operation to its own words, with `{}` for the thing in the second last part.
    pub(crate) operations: BTreeMap<String, String>,
    /// Ends of ids that tell a person nothing.
    pub(crate) drops: Vec<String>,
    /// Arguments whose text says what a thing is about.
    pub(crate) about: Vec<String>,
}

/// The action of an operation, without its things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// The action, with `{}` for the thing.
    pub phrase: Box<str>,
    /// The thing's name; it may be a kind that a request names.
    pub object: Box<str>,
    /// The kind of the thing, as resources call it; empty if it has none.
    pub kind: Box<str>,
    /// The arguments whose text says what the thing is about.
    pub about: Arc<[Box<str>]>,
}

impl Titles {
    pub(crate) fn of(&self, line: &OperationLine, effects: Effects) -> Title {
        let about = self.about.iter().map(|one| one.as_str().into()).collect();
        let op = self.drops.iter().find_map(|end| line.op.strip_suffix(end.as_str())).unwrap_or(&line.op);
        let parts: Vec<&str> = op.split(['.', '/']).collect();
        let mut last = words(parts.last().copied().unwrap_or(op));
        // `bulk` and `batch` mean several of the thing that follows.
        if last.len() > 1 && last.first().is_some_and(|first| first == "bulk" || first == "batch") {
            last.remove(0);
        }
        let before = parts.len().checked_sub(2).and_then(|at| parts.get(at)).copied().unwrap_or_default();
        let thing = |name: &str, words: &str| self.object(name).unwrap_or_else(|| words.to_owned());
        let of_before = || (thing(before, &singular(&words(before).join(" "))), singular(before));
        let (phrase, (object, kind)) = match last.split_first() {
            _ if let Some(phrase) = self.operations.get(&line.op) => (phrase.clone(), of_before()),
            Some((verb, [])) if let Some(phrase) = VERBS.get(verb.as_str()) => (phrase.clone(), of_before()),
            Some((verb, rest)) if let Some(phrase) = VERBS.get(verb.as_str()) => {
                let rest = rest.join(" ");
                (phrase.clone(), (thing(&rest, &rest), rest.replace(' ', "-")))
            }
            // The last part is a noun. The part before it says what the noun belongs to.
            _ if looks(effects) => {
                let noun = [last.join(" ").as_str(), "of", of_before().0.as_str()].join(" ");
                ("read {}".into(), (noun, String::new()))
            }
            _ => ("call {}".into(), (format!("`{}`", line.op), String::new())),
        };
        Title { phrase: phrase.into(), object: object.into(), kind: kind.into(), about }
    }
}

/// Whether an operation with these effects only looks, even at secrets.
fn looks(effects: Effects) -> bool {
    effects.iter().all(|effect| matches!(effect, Effect::Read | Effect::Secret))
}

impl Titles {
    fn object(&self, name: &str) -> Option<String> {
        self.objects.get(name).or_else(|| self.objects.get(&singular(name))).cloned()
    }
}

/// The words of a part of an id: `batchDelete`, `create-comment`, `send_as`.
fn words(part: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut fresh, mut upper) = (true, false);
    for letter in part.chars() {
        let begins = letter.is_ascii_uppercase() && !upper;
        upper = letter.is_ascii_uppercase();
        if matches!(letter, '-' | '_' | ' ') {
            fresh = true;
            continue;
        }
        match words.last_mut().filter(|_| !fresh && !begins) {
            Some(word) => word.push(letter.to_ascii_lowercase()),
            None => words.push(letter.to_ascii_lowercase().to_string()),
        }
        fresh = false;
    }
    words
}

/// The singular of a plural name.
fn singular(name: &str) -> String {
    match name.strip_suffix("ies") {
        Some(start) => format!("{start}y"),
        None if name.ends_with("ss") || name.ends_with("us") || name.ends_with("As") => name.to_owned(),
        None => name.strip_suffix('s').unwrap_or(name).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_an_id_are_those_that_it_was_made_of() {
        for (part, expected) in [
            ("batchDelete", "batch delete"),
            ("create-comment", "create comment"),
            ("getUploadURLExternal", "get upload urlexternal"),
            ("sendAs", "send as"),
            ("trash", "trash"),
            ("", ""),
        ] {
            assert_eq!(words(part).join(" "), expected);
        }
        for (many, one) in
            [("messages", "message"), ("replies", "reply"), ("access", "access"), ("sendAs", "sendAs")]
        {
            assert_eq!(singular(many), one);
        }
    }
}
