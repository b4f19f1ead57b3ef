//! Tries out a check that a person wrote: on requests made of the texts that it names, and on the same with a
//! stranger beside them.
//!
//! However it is written (a value, a set, `==`, `||`, a closure), a check that passes one good thing and refuses a
//! stranger must refuse both together. A lookalike of the good thing counts as a stranger.

mod trial;

use std::collections::BTreeSet;

use crate::engine::caveat::{Caveat, Op, Slot};
use crate::engine::evaluate::{self, Steps, World};
use crate::engine::ordered::NONE;
use crate::request::decode::Address;
use crate::words::effect::Effect;
use crate::words::value::Value;
use crate::words::vocabulary::bit;
use trial::{Beside, Trial, TrialPlace, facts};

/// At most so many texts of a check are tried with each other, at so many places and with so many addresses.
const MOST: usize = 10;
const MOST_PLACES: usize = 48;
const MOST_ADDRESSES: usize = 160;
const STRANGER: &str = "stranger@stranger.invalid";
const OTHER: &str = "stranger";

/// A fact or text that a check lets through although it seems to stop it, with the word that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Slip {
    /// A fact that fits lets another one through.
    Beside(&'static str),
    /// A text of the check also fits something it does not mean.
    Like { word: &'static str, text: String, slips: String },
}

/// A moment like any other.
const ALWAYS: u64 = 1_800_000_000;

/// Everything that slips through the check, each once.
pub(crate) fn slips(caveat: &Caveat) -> Vec<Slip> {
    let texts = texts(caveat);
    let mut slips: Vec<Slip> = Vec::new();
    for place in places(&texts, &times(caveat)) {
        let bench = Bench { caveat, reads: caveat.reads(), texts: &texts, place };
        for slip in bench.slips() {
            let same = |known: &Slip| match (known, &slip) {
                (Slip::Like { word, text, .. }, Slip::Like { word: other, text: again, .. }) => {
                    (word, text) == (other, again)
                }
                (known, slip) => known == slip,
            };
            if !slips.iter().any(same) {
                slips.push(slip);
            }
        }
    }
    slips
}

/// The texts that a check compares with, each once.
fn texts(caveat: &Caveat) -> Vec<String> {
    let mut found = BTreeSet::new();
    for slot in caveat.patterns().flat_map(|pattern| &pattern.slots) {
        if let Slot::Value(value) = slot {
            collect_value(value, &mut found);
        }
    }
    caveat.queries.iter().flat_map(|query| &query.expressions).for_each(|ops| collect(ops, &mut found));
    found.into_iter().take(MOST).collect()
}

fn collect(ops: &[Op], found: &mut BTreeSet<String>) {
    for op in ops {
        match op {
            Op::Value(value) => collect_value(value, found),
            Op::Closure(_, body) => collect(body, found),
            Op::Variable(_) | Op::Unary(_) | Op::Binary(_) => {}
        }
    }
}

fn collect_value(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Str(text) => _ = found.insert(text.to_string()),
        Value::Set(items) => items.iter().for_each(|item| collect_value(item, found)),
        Value::Int(_) | Value::Date(_) | Value::Bytes(_) | Value::Bool(_) => {}
    }
}

/// A moment that the check does not name, then one before and one after each that it names.
fn times(caveat: &Caveat) -> Vec<u64> {
    let mut found = vec![ALWAYS];
    let ops = caveat.queries.iter().flat_map(|query| &query.expressions).flatten();
    for op in ops {
        if let Op::Value(Value::Date(at)) = op {
            found.extend([at.saturating_sub(1), at.saturating_add(1)]);
        }
    }
    found.truncate(5);
    found
}

/// The places that the check may be about: those it names, and a common one.
fn places<'a>(texts: &'a [String], times: &[u64]) -> Vec<TrialPlace<'a>> {
    let named = |is: fn(&str) -> bool| texts.iter().map(String::as_str).filter(move |text| is(text));
    let operations = named(|text| text.contains('.') && !text.contains('@'));
    let connections: Vec<&str> =
        ["gmail"].into_iter().chain(named(|text| !text.contains(['.', '@', '/']))).collect();
    let on = |operation| {
        connections.iter().flat_map(move |connection| {
            [&Effect::ALL[..], &[Effect::Send]].map(|effects| TrialPlace {
                operation,
                connection,
                effects,
                time: ALWAYS,
                beside: Beside::Nothing,
            })
        })
    };
    let at = |place: TrialPlace<'a>| times.iter().map(move |time| TrialPlace { time: *time, ..place });
    let beside = |place: TrialPlace<'a>| [place, TrialPlace { beside: Beside::Everything, ..place }];
    let plain = ["gmail.users.messages.send"].into_iter().chain(operations).flat_map(on);
    plain.flat_map(at).flat_map(beside).take(MOST_PLACES).collect()
}

struct Bench<'a> {
    caveat: &'a Caveat,
    reads: u64,
    texts: &'a [String],
    place: TrialPlace<'a>,
}

impl Bench<'_> {
    /// The slips of the words that the check reads.
    fn slips(&self) -> Vec<Slip> {
        let about: [(u64, &dyn Fn() -> Vec<Slip>); 4] = [
            (bit("recipient") | bit("recipient_domain"), &|| self.recipients()),
            (bit("thread_participant") | bit("thread_participants"), &|| self.participants()),
            (bit("effect") | bit("effects"), &|| self.effects()),
            (bit("resource") | bit("arg"), &|| self.pairs()),
        ];
        let read = about.into_iter().filter(|(words, _)| self.reads & words != 0);
        read.flat_map(|(_, slips)| slips()).collect()
    }

    fn holds(&self, trial: &Trial) -> bool {
        let facts = facts(self.reads, self.texts, self.place, trial);
        evaluate::holds(self.caveat, World::of(&facts, &NONE, &NONE), &mut Steps::new(20_000)) == Ok(true)
    }

    /// Whether the check passes both together, if it tells the good from the stranger at all.
    fn beside(&self, good: &Trial, stranger: &Trial, both: &Trial) -> Option<bool> {
        (self.holds(good) && !self.holds(stranger)).then(|| self.holds(both))
    }

    fn recipients(&self) -> Vec<Slip> {
        let to = |all: &[&str]| Trial {
            recipients: all.iter().map(ToString::to_string).collect(),
            participants: self.addresses(),
            ..Trial::default()
        };
        let mut slips = Vec::new();
        for good in self.addresses() {
            match self.beside(&to(&[&good]), &to(&[STRANGER]), &to(&[&good, STRANGER])) {
                Some(true) => slips.push(Slip::Beside("recipient")),
                Some(false) => {}
                None => continue,
            }
            for text in self.texts {
                let like = lookalikes(text).into_iter().filter(|one| !self.texts.contains(one));
                let slipped = like.filter_map(address).find(|one| self.holds(&to(&[one])));
                slips.extend(slipped.map(|slips| Slip::Like {
                    word: "recipient",
                    text: text.clone(),
                    slips,
                }));
            }
        }
        slips
    }

    fn participants(&self) -> Vec<Slip> {
        let with = |all: &[&str]| Trial {
            participants: all.iter().map(ToString::to_string).collect(),
            ..Trial::default()
        };
        let lets = |good: &String| {
            self.beside(&with(&[good]), &with(&[STRANGER]), &with(&[good, STRANGER])) == Some(true)
        };
        self.addresses().iter().any(lets).then_some(Slip::Beside("thread_participant")).into_iter().collect()
    }

    fn effects(&self) -> Vec<Slip> {
        let of = |effects: &[Effect]| Trial { effects: effects.to_vec(), ..Trial::default() };
        let all = || Effect::ALL.into_iter();
        let mut pairs = all().flat_map(|good| all().map(move |other| (good, other)));
        let lets = |(good, other): (Effect, Effect)| {
            self.beside(&of(&[good]), &of(&[other]), &of(&[good, other])) == Some(true)
        };
        pairs.any(lets).then_some(Slip::Beside("effect")).into_iter().collect()
    }

    /// The slips of resources by kind and id, and of arguments by name and value.
    fn pairs(&self) -> Vec<Slip> {
        let resources = |all: &[[String; 2]]| Trial { resources: all.to_vec(), ..Trial::default() };
        let arguments = |all: &[[String; 2]]| Trial { arguments: all.to_vec(), ..Trial::default() };
        let both = |name| self.texts.iter().map(move |value| (name, value));
        let of = |(name, value): (&String, &String)| {
            let things = self.pair("resource", name, value, &resources);
            things.into_iter().chain(self.pair("arg", name, value, &arguments)).collect::<Vec<Slip>>()
        };
        self.texts.iter().flat_map(both).flat_map(of).collect()
    }

    fn pair(
        &self,
        word: &'static str,
        name: &str,
        value: &str,
        trial: &dyn Fn(&[[String; 2]]) -> Trial,
    ) -> Vec<Slip> {
        let one = |value: &str| [name.to_owned(), value.to_owned()];
        let (good, other) = (one(value), one(OTHER));
        let both = trial(&[good.clone(), other.clone()]);
        let Some(lets) = self.beside(&trial(&[good]), &trial(&[other]), &both) else { return Vec::new() };
        let slipped = longer(value).into_iter().find(|like| self.holds(&trial(&[one(like)])));
        let like = slipped.map(|slips| Slip::Like { word, text: value.to_owned(), slips });
        lets.then_some(Slip::Beside(word)).into_iter().chain(like).collect()
    }

    /// Addresses that the check could mean: made of each text, and of each pair of texts.
    fn addresses(&self) -> Vec<String> {
        let one = self.texts.iter().flat_map(|text| {
            [
                text.clone(),
                format!("x@{text}"),
                format!("x@{text}y.invalid"),
                format!("x{text}"),
                format!("{text}x@y.invalid"),
                format!("{text}y.invalid"),
            ]
        });
        let two = self.texts.iter().flat_map(|first| {
            self.texts.iter().flat_map(move |last| {
                [format!("{first}{last}"), format!("{first}x{last}"), format!("{first}@{last}")]
            })
        });
        let mut found: Vec<String> = one.chain(two).filter_map(address).take(MOST_ADDRESSES).collect();
        found.sort();
        found.dedup();
        found
    }
}

fn address(text: String) -> Option<String> {
    text.parse::<Address>().ok().filter(|one| one.as_str() == text).map(|_| text)
}

/// Strangers' addresses that contain the text.
fn lookalikes(text: &str) -> Vec<String> {
    let starts_plain = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    let local = text.split_once('@').map(|(local, _)| local);
    match local {
        // A domain, or a part of it or of a name.
        None => {
            let mut found = vec![
                format!("x@x{text}.evil.invalid"),
                format!("x@{text}evil.invalid"),
                format!("x{text}@evil.invalid"),
                format!("{text}@evil.invalid"),
            ];
            if starts_plain {
                found.push(format!("x@not{text}"));
            }
            found
        }
        Some(_) if text.ends_with('@') => vec![format!("{text}evil.invalid")],
        Some(local) => {
            let mut found = vec![format!("{text}.evil.invalid")];
            match (local.is_empty(), starts_plain) {
                (true, _) => found.push(format!("x{text}.evil.invalid")),
                (false, true) => found.push(format!("x{text}")),
                (false, false) => found.push(format!("x{text}.evil.invalid")),
            }
            found
        }
    }
}

/// Strangers' names that begin or end with the text, with no separator between it and the rest.
fn longer(text: &str) -> Vec<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric();
    let after = text.ends_with(is_plain).then(|| format!("{text}x"));
    let before = text.starts_with(is_plain).then(|| format!("x{text}"));
    after.into_iter().chain(before).collect()
}
