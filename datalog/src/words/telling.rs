//! How to tell facts of a word to an agent that was refused, and to a record that keeps no values.

use std::fmt::Write as _;

use crate::words::hours::of_day;
use crate::words::value::Value;

/// The most facts of one word that are named.
const NAMED: usize = 6;
/// The most characters of one fact.
const LENGTH: usize = 160;

/// How to tell facts of a word. It stands in the word's row of the vocabulary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling {
    pub(crate) rank: Rank,
    one: FactTelling,
    /// The noun before the facts, in the singular. The plural adds an `s`.
    noun: &'static str,
    before: &'static str,
    record: Record,
}

/// Which words of a check a refusal tells: those of the first rank that has any facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Thing,
    /// A number of things. The things themselves tell more.
    Count,
    /// Where a check looks, which the refusal names already.
    Frame,
}

/// How to tell one fact.
#[derive(Debug, Clone, Copy)]
enum FactTelling {
    /// As its Datalog.
    Datalog,
    /// Its first term, in backquotes.
    Text,
    /// The name of the word and its first term.
    Named,
    Counted(&'static str),
    By(fn(&[Value]) -> Option<String>),
}

/// What a record keeps.
#[derive(Debug, Clone, Copy)]
enum Record {
    /// Only the word.
    Word,
    /// The text that the agent is told: it holds no value of the request's own.
    Same,
    Counted(&'static str),
    /// The first terms, after these words.
    FirstTerms(&'static str),
    /// How many resources, and their kinds.
    Kinds,
}

impl Telling {
    pub(crate) const DATALOG: Self =
        Self { rank: Rank::Thing, one: FactTelling::Datalog, noun: "", before: "", record: Record::Word };
    /// The first term. A record keeps only the word.
    pub(crate) const TEXT: Self = Self { one: FactTelling::Text, ..Self::DATALOG };
    /// The word's name and the first term.
    pub(crate) const NAMED: Self = Self { one: FactTelling::Named, ..Self::DATALOG };

    pub(crate) const fn counted(noun: &'static str) -> Self {
        Self { rank: Rank::Count, one: FactTelling::Counted(noun), record: Record::Same, ..Self::DATALOG }
    }

    pub(crate) const fn by(tell: fn(&[Value]) -> Option<String>) -> Self {
        Self { one: FactTelling::By(tell), ..Self::DATALOG }
    }

    /// Puts this noun before the facts: `recipient` for one, `recipients` for several.
    pub(crate) const fn noun(self, noun: &'static str) -> Self {
        Self { noun, ..self }
    }

    pub(crate) const fn before(self, before: &'static str) -> Self {
        Self { before, ..self }
    }

    pub(crate) const fn kept(self) -> Self {
        Self { record: Record::Same, ..self }
    }

    pub(crate) const fn kept_as_count(self, noun: &'static str) -> Self {
        Self { record: Record::Counted(noun), ..self }
    }

    pub(crate) const fn kept_as_names(self, before: &'static str) -> Self {
        Self { record: Record::FirstTerms(before), ..self }
    }

    pub(crate) const fn kept_as_kinds(self) -> Self {
        Self { record: Record::Kinds, ..self }
    }

    pub(crate) const fn rank(self, rank: Rank) -> Self {
        Self { rank, ..self }
    }

    /// The words for facts of `name`, each given with its terms and its Datalog; none if there is nothing to tell.
    pub(crate) fn told(&self, name: &str, facts: &[(&[Value], String)]) -> Option<String> {
        let mut texts: Vec<String> = Vec::new();
        for (terms, datalog) in facts.iter().take(NAMED) {
            let text = shorten(&self.one.told(name, terms).unwrap_or_else(|| datalog.clone()));
            if !text.is_empty() && !texts.contains(&text) {
                texts.push(text);
            }
        }
        let mut joined = texts.join(", ");
        if joined.is_empty() {
            return None;
        }
        if facts.len() > NAMED {
            let _ = write!(joined, " and {} more", facts.len() - NAMED);
        }
        let plural = if texts.len() == 1 { "" } else { "s" };
        Some(match (self.before, self.noun) {
            ("", "") => joined,
            ("", noun) => format!("{noun}{plural} {joined}"),
            (before, _) => format!("{before} {joined}"),
        })
    }

    /// Like `told`, without any value of the request's own.
    pub(crate) fn kept_of(&self, name: &str, facts: &[(&[Value], String)]) -> Option<String> {
        let count = i64::try_from(facts.len()).unwrap_or(i64::MAX);
        if count == 0 {
            return None;
        }
        let names = || {
            let first = |(terms, _): &(&[Value], String)| {
                terms.first().and_then(Value::as_str).map(|text| format!("`{text}`"))
            };
            let mut names: Vec<String> = facts.iter().filter_map(first).collect();
            names.dedup();
            names.truncate(NAMED);
            shorten(&names.join(", "))
        };
        match self.record {
            Record::Word => Some(format!("`{name}`")),
            Record::Same => self.told(name, facts),
            Record::Counted(noun) => Some(counted(count, noun)),
            Record::FirstTerms(before) => Some(format!("{before} {}", names())),
            Record::Kinds => Some(format!("{} of {}", counted(count, "resource"), names())),
        }
    }
}

impl FactTelling {
    /// The words for one fact; none if only its Datalog says it well.
    fn told(self, name: &str, terms: &[Value]) -> Option<String> {
        match self {
            Self::Datalog => None,
            Self::Text => quoted(terms, 0),
            Self::Named => Some(format!("{name} {}", quoted(terms, 0)?)),
            Self::Counted(noun) => Some(counted(integer(terms, 0)?, noun)),
            Self::By(tell) => tell(terms),
        }
    }
}

/// A text as it is printed in Datalog, in backquotes.
pub(crate) fn quoted(terms: &[Value], place: usize) -> Option<String> {
    let quoted = terms.get(place).filter(|value| value.as_str().is_some())?.to_string();
    Some(format!("`{}`", quoted.strip_prefix('"')?.strip_suffix('"')?))
}

pub(crate) fn integer(terms: &[Value], place: usize) -> Option<i64> {
    terms.get(place)?.as_int()
}

/// The day, the hour and the zone of a clock.
pub(crate) fn clock(terms: &[Value]) -> Option<String> {
    let text = |place: usize| terms.get(place).and_then(Value::as_str);
    Some(format!("{} {} {}", text(1)?, of_day(integer(terms, 2)?), text(0)?))
}

/// The age in the largest unit that says it well.
pub(crate) fn age(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    counted(count, unit)
}

fn counted(count: i64, thing: &str) -> String {
    match count {
        0 => format!("no {thing}s"),
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= LENGTH {
        text.to_owned()
    } else {
        text.chars().take(LENGTH - 3).collect::<String>() + "…"
    }
}
