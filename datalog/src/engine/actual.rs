//! What a request had instead of what a caveat expected, in words.
//!
//! If a word has several facts, this names only those that break the caveat: the one forbidden recipient, not the three
//! allowed ones. It explains a refusal that is already made, and decides nothing.

use crate::engine::caveat::{Caveat, Fact, Kind, Pattern, Slot};
use crate::engine::evaluate::{Steps, World, holds};
use crate::engine::ordered::{NONE, Ordered};
use crate::words::telling::{Rank, Telling};
use crate::words::value::Value;
use crate::words::vocabulary;

/// The most work for finding the facts that break the caveat.
const STEPS: u32 = 1 << 14;

/// What the request had for the words that the caveat read.
pub(crate) struct Actual {
    /// For the agent, with its own values. The words in `looked_up` are left out, because the agent may not be
    /// allowed to read their source.
    pub told: String,
    /// For a record: how many and of which kind, without a value of the request.
    pub kept: String,
}

pub(crate) fn actual(caveat: &Caveat, facts: &[Fact], looked_up: u64) -> Actual {
    let hidden = |pattern: &Pattern| pattern.predicate.request_bit() & looked_up != 0;
    if let Some(pattern) = caveat.patterns().find(|pattern| hidden(pattern)) {
        let told = format!("something that does not match the `{}` that was looked up", pattern.name);
        return Actual { kept: told.clone(), told };
    }
    let mut names: Vec<&str> = Vec::new();
    for pattern in caveat.patterns() {
        if !names.contains(&&*pattern.name) {
            names.push(&pattern.name);
        }
    }
    let at_fault: Vec<(&str, Vec<&Fact>)> =
        names.into_iter().map(|name| (name, culprits(caveat, name, facts))).collect();
    Actual { told: words(&at_fault, Telling::told), kept: words(&at_fault, Telling::kept_of) }
}

/// Words for the facts at fault, of the rank most worth telling.
fn words(at_fault: &[(&str, Vec<&Fact>)], tell: Tell) -> String {
    let mut said: Vec<(Rank, String)> = Vec::new();
    for (name, facts) in at_fault {
        let telling = vocabulary::find(name).map_or(Telling::DATALOG, |word| word.telling);
        let facts: Vec<(&[Value], String)> = facts.iter().map(|one| (&*one.terms, one.to_string())).collect();
        said.extend(tell(&telling, name, &facts).map(|text| (telling.rank, text)));
    }
    let Some(first) = said.iter().map(|(rank, _)| *rank).min() else {
        return "nothing that it asks for".into();
    };
    let chosen = said.iter().filter(|(rank, _)| *rank == first || first == Rank::Frame);
    chosen.map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(", ")
}

/// One way to tell facts of a word.
type Tell = fn(&Telling, &str, &[(&[Value], String)]) -> Option<String>;

/// The facts of a word that break the caveat; all of them, if no single one does.
fn culprits<'a>(caveat: &Caveat, name: &str, facts: &'a [Fact]) -> Vec<&'a Fact> {
    let named: Vec<&Fact> = (0..3)
        .rev()
        .map(|places| facts.iter().filter(|fact| fits(caveat, name, fact, places)).collect::<Vec<_>>())
        .find(|some| !some.is_empty())
        .unwrap_or_default();
    if named.len() < 2 || caveat.kind == Kind::One {
        return named;
    }
    let mut steps = Steps::new(STEPS);
    let others = Ordered::of(facts.iter().filter(|fact| &*fact.name != name).cloned().collect());
    let mut fails = |fact: &Fact| {
        let one = Ordered::of(vec![fact.clone()]);
        holds(caveat, World::of(&others, &one, &NONE), &mut steps) == Ok(false)
    };
    let failing: Vec<&Fact> = named.iter().copied().filter(|fact| fails(fact)).collect();
    if failing.is_empty() { named } else { failing }
}

/// Whether the fact is one that the caveat reads under this name, by its first few terms.
fn fits(caveat: &Caveat, name: &str, fact: &Fact, places: usize) -> bool {
    caveat.patterns().filter(|pattern| *pattern.name == *name && *fact.name == *name).any(|pattern| {
        pattern.slots.iter().zip(fact.terms.iter()).take(places).all(|(slot, term)| match slot {
            Slot::Value(value) => value == term,
            Slot::Variable(_) => true,
        })
    })
}
