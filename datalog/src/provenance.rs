//! Where the things that a request touches come from: shown by an earlier answer, or created by this lineage.
//!
//! `--only-seen` and `--only-created` are caveats on counts that every request has: how many things of a kind it
//! touches that were not shown. What was shown is the gateway's to remember and never the agent's to say.

use std::collections::BTreeSet;
use std::sync::Arc;

use biscuit_auth::builder::Check;
use biscuit_auth::macros::check;

use crate::catalog::Service;
use crate::caveat::{Caveat, Fact, Kind, Pattern, Slot};
use crate::facts::{Gather, word};
use crate::request::{Request, Resource};
use crate::scope::{self, Scope};
use crate::terms::{Reach, TermError};
use crate::value::Value;

/// What is known of the things that one request touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Shown by an earlier answer, those that were created among them.
    pub seen: BTreeSet<Resource>,
    pub created: BTreeSet<Resource>,
}

/// Which of the two a flag asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provenance {
    Seen,
    Created,
}

impl Provenance {
    fn word(self) -> &'static str {
        match self {
            Self::Seen => "unseen_count",
            Self::Created => "uncreated_count",
        }
    }

    fn flag(self) -> &'static str {
        match self {
            Self::Seen => "--only-seen",
            Self::Created => "--only-created",
        }
    }
}

/// Whether the word counts what is not known, of which there is one count for each kind.
pub(crate) fn counts(word: &str) -> bool {
    [Provenance::Seen, Provenance::Created].into_iter().any(|one| one.word() == word)
}

/// Whether anything of the words needs to know what earlier answers have shown.
pub(crate) fn is_asked_by<'a>(mut caveats: impl Iterator<Item = &'a Caveat>) -> bool {
    let asks = |name: &str| counts(name) || matches!(name, "seen" | "created");
    caveats.any(|caveat| caveat.patterns().any(|pattern| asks(&pattern.name)))
}

/// The kinds that caveats name, so that each has its count.
pub(crate) fn kinds<'a>(caveats: impl Iterator<Item = &'a Caveat>) -> Vec<Arc<str>> {
    let patterns = caveats.flat_map(Caveat::patterns).filter(|pattern| counts(&pattern.name));
    let kinds: BTreeSet<Arc<str>> = patterns.filter_map(kind_of).collect();
    kinds.into_iter().collect()
}

fn kind_of(pattern: &Pattern) -> Option<Arc<str>> {
    match pattern.slots.first() {
        Some(Slot::Value(Value::Str(kind))) => Some(Arc::from(&**kind)),
        _ => None,
    }
}

/// The facts: what is known, and how much is not.
pub(crate) fn facts(gather: &mut Gather, request: &Request, known: &Known, kinds: &[Arc<str>]) {
    for (word, counted, set) in [
        (word!("seen"), word!("unseen_count"), &known.seen),
        (word!("created"), word!("uncreated_count"), &known.created),
    ] {
        gather.say(word, || {
            let own = request.resources.iter().filter(|one| set.contains(one));
            own.map(|one| [Value::str(one.kind.clone()), Value::str(one.id.as_str())])
        });
        gather.say(counted, || {
            let all: BTreeSet<&Arc<str>> =
                kinds.iter().chain(request.resources.iter().map(|one| &one.kind)).collect();
            all.into_iter().map(|kind| {
                let strange = |one: &&Resource| one.kind == *kind && !set.contains(*one);
                let count = request.resources.iter().filter(strange).count();
                [Value::str(kind.clone()), Value::Int(i64::try_from(count).unwrap_or(i64::MAX))]
            })
        });
    }
}

/// How many things of each kind that facts name as touched they do not name as `known` (`seen`, `created`).
pub(crate) fn strangers(facts: &[Fact], known: &str, kinds: &[Arc<str>]) -> Vec<Vec<Value>> {
    let of = |word: &str| -> Vec<&[Value]> {
        facts.iter().filter(|fact| &*fact.name == word).map(|fact| &*fact.terms).collect()
    };
    let (touched, known) = (of("resource"), of(known));
    let named = touched.iter().filter_map(|terms| terms.first().and_then(Value::as_str));
    let all: BTreeSet<&str> = kinds.iter().map(|kind| &**kind).chain(named).collect();
    let count = |kind: &str| {
        let is_strange = |terms: &&&[Value]| {
            terms.first().and_then(Value::as_str) == Some(kind) && !known.contains(*terms)
        };
        i64::try_from(touched.iter().filter(is_strange).count()).unwrap_or(i64::MAX)
    };
    all.into_iter().map(|kind| vec![Value::str(kind), Value::Int(count(kind))]).collect()
}

/// `message`, or `gmail:message` where only that connection is meant: the caveats of one flag.
pub(crate) fn caveats(
    provenance: Provenance,
    texts: &[String],
    reach: &[Reach<'_>],
) -> Result<Vec<Check>, TermError> {
    texts.iter().map(|text| caveat(provenance, text, reach)).collect()
}

fn caveat(provenance: Provenance, text: &str, reach: &[Reach<'_>]) -> Result<Check, TermError> {
    let Scope { connection, rest: kind } = Scope::of(text, reach)?;
    let meant = |one: &&Reach<'_>| connection.is_none_or(|name| name == one.connection);
    let shown: BTreeSet<&str> =
        reach.iter().filter(meant).flat_map(|one| shown_kinds(provenance, one.service)).collect();
    if !shown.contains(kind) {
        let list = shown.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
        return Err(TermError::Kind {
            flag: provenance.flag(),
            got: kind.chars().take(40).collect(),
            known: if list.is_empty() { "none here".into() } else { list },
        });
    }
    let known = match provenance {
        Provenance::Seen => check!(r#"check if unseen_count({kind}, 0)"#, kind = kind),
        Provenance::Created => check!(r#"check if uncreated_count({kind}, 0)"#, kind = kind),
    };
    Ok(scope::on(connection, known))
}

/// The kinds of things whose ids answers of the service show.
fn shown_kinds(provenance: Provenance, service: &Service) -> BTreeSet<&str> {
    let rules = service.operations.iter().filter_map(|operation| operation.answer.as_deref());
    let shown = rules.flat_map(|rule| &rule.shown);
    shown.filter(|one| provenance == Provenance::Seen || one.created).map(|one| &*one.kind).collect()
}

/// The sentence of a caveat that `--only-seen` or `--only-created` makes.
pub(crate) fn plain(caveat: &Caveat) -> Option<String> {
    let (on, [query]) = scope::read(caveat) else { return None };
    let ([pattern], [], Kind::One) = (query.patterns.as_slice(), query.expressions.as_slice(), caveat.kind)
    else {
        return None;
    };
    let (kind, Some(Slot::Value(Value::Int(0)))) = (kind_of(pattern)?, pattern.slots.get(1)) else {
        return None;
    };
    let what = match &*pattern.name {
        "unseen_count" => "that an earlier answer has shown",
        "uncreated_count" => "that this pass, or one attenuated from it, created",
        _ => return None,
    };
    Some(format!("`{kind}`{on}: only one {what}"))
}
