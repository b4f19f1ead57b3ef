//! `--only-seen` and `--only-created`: where the things that a request touches come from.
//!
//! Both are caveats on counts that every request has: how many things of a kind it touches that no earlier answer has
//! shown, or that this lineage did not create. The gateway remembers what was shown; the agent has no say in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use biscuit_auth::builder::Check;
use biscuit_auth::macros::check;

use crate::catalog::{Operation, Service};
use crate::caveats::elsewhere;
use crate::caveats::flag::{Flag, Given, Takes};
use crate::caveats::narrow::Narrow;
use crate::caveats::reach::TargetConnection;
use crate::caveats::said::{About, Says, ToldAs};
use crate::caveats::scope::FlagScope;
use crate::caveats::source::Source;
use crate::caveats::term_error::{TermError, wrong};
use crate::engine::caveat::{Caveat, Fact, Kind, Slot};
use crate::pass::asks::kind_of;
use crate::pass::known::ProvenanceKind;
use crate::request::canonical::{Request, Resource};
use crate::request::gather::{Gather, word};
use crate::words::value::Value;

pub static ONLY_SEEN: Flag = Flag {
    value: "[CONNECTION:]KIND",
    help: "Touch only things of this kind (`message`) that an earlier answer has shown",
    title: "Touch only what an answer has shown",
    wish: "only things that earlier answers have shown",
    example: "message",
    read: |given, narrow| read(ProvenanceKind::Seen, &ONLY_SEEN, given, narrow),
    says: |caveat, _| says(caveat),
    facts,
    ..Flag::named("only-seen", Takes::Many)
};

/// Told and known with `--only-seen`.
pub static ONLY_CREATED: Flag = Flag {
    value: "[CONNECTION:]KIND",
    help: "Touch only things of this kind (`draft`) that this pass created",
    title: "Touch only what this pass created",
    wish: "only things that the pass created",
    example: "draft",
    read: |given, narrow| read(ProvenanceKind::Created, &ONLY_CREATED, given, narrow),
    ..Flag::named("only-created", Takes::Many)
};

fn read(
    provenance: ProvenanceKind,
    flag: &Flag,
    given: &Given<'_>,
    narrow: &mut Narrow,
) -> Result<(), TermError> {
    for text in given.of(flag) {
        narrow.check(caveat(provenance, text, given.reach)?);
    }
    Ok(())
}

/// The caveat of `message`, or of `gmail:message` where only that connection is meant.
fn caveat(
    provenance: ProvenanceKind,
    text: &str,
    reach: &[TargetConnection<'_>],
) -> Result<Check, TermError> {
    let FlagScope { connection, rest: kind } = FlagScope::of(text, reach)?;
    let meant = |one: &&TargetConnection<'_>| connection.is_none_or(|name| name == one.connection);
    let shown: BTreeSet<&str> =
        reach.iter().filter(meant).flat_map(|one| shown_kinds(provenance, one.service)).collect();
    if !shown.contains(kind) {
        let list = shown.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
        let flag = match provenance {
            ProvenanceKind::Seen => ONLY_SEEN.name,
            ProvenanceKind::Created => ONLY_CREATED.name,
        };
        let known = if list.is_empty() { "none here".into() } else { list };
        let says = format!("is no kind of thing that --{flag} could follow: answers show {known}");
        return Err(wrong(kind, &says)
            .hint("write `CONNECTION:KIND` where only one connection is meant")
            .into());
    }
    let known = match provenance {
        ProvenanceKind::Seen => check!(r#"check if unseen_count({kind}, 0)"#, kind = kind),
        ProvenanceKind::Created => check!(r#"check if uncreated_count({kind}, 0)"#, kind = kind),
    };
    Ok(elsewhere::on_connection(connection, known))
}

/// The kinds of things whose ids answers of the service show.
fn shown_kinds(provenance: ProvenanceKind, service: &Service) -> BTreeSet<&str> {
    let rules = service.operations.iter().filter_map(|operation| operation.answer.as_deref());
    let shown = rules.flat_map(|rule| &rule.shown);
    shown.filter(|one| provenance == ProvenanceKind::Seen || one.created).map(|one| &*one.kind).collect()
}

fn says(caveat: &Caveat) -> Option<Says> {
    let (kind, on, what) = leaves(caveat)?;
    let told = ToldAs::Line(About::Only, format!("{} {kind}{on} {what}", article(&kind)));
    Some(Says { sentence: format!("`{kind}`{on}: only one {what}"), told })
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// The kind of things that such a caveat is about, on which connection, and which of them it leaves.
pub(crate) fn leaves(caveat: &Caveat) -> Option<(Arc<str>, String, &'static str)> {
    let read = elsewhere::read(caveat);
    let ([query], None) = (read.rest, read.subject()) else { return None };
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
    Some((kind, read.connection_text(), what))
}

/// Whether the answers of the operation show things of the kind that such a caveat asks about.
pub(crate) fn is_shown_by(caveat: &Caveat, kind: &str, operation: &Operation) -> bool {
    let created = caveat.mentions(ProvenanceKind::Created.word());
    let mut shown = operation.answer.iter().flat_map(|rule| &rule.shown);
    shown.any(|one| *one.kind == *kind && (one.created || !created))
}

/// What is known, and how much is not.
fn facts(gather: &mut Gather, source: &Source<'_>) {
    let Source { request, known, kinds, .. } = source;
    for (word, counted, set) in [
        (word!("seen"), word!("unseen_count"), &known.seen),
        (word!("created"), word!("uncreated_count"), &known.created),
    ] {
        gather.say(word, || {
            let own = request.resources.iter().filter(|one| is_known(one, request, set));
            own.map(|one| [Value::str(one.kind.clone()), Value::str(one.id.as_str())])
        });
        gather.say(counted, || {
            let named = request.resources.iter().map(|one| &one.kind);
            let others = request.unnamed.iter().map(|one| &one.kind);
            let all: BTreeSet<&Arc<str>> = kinds.iter().chain(named).chain(others).collect();
            all.into_iter().map(|kind| {
                let strange = |one: &&Resource| one.kind == *kind && !is_known(one, request, set);
                let unnamed = request.unnamed.iter().filter(|one| one.kind == *kind && !one.name.is_empty());
                let unnamed = unnamed.map(|one| Resource { kind: one.kind.clone(), id: one.name.clone() });
                let unnamed = unnamed.filter(|one| !is_known(one, request, set)).count();
                let count = request.resources.iter().filter(strange).count() + unnamed;
                [Value::str(kind.clone()), Value::Int(i64::try_from(count).unwrap_or(i64::MAX))]
            })
        });
    }
}

/// Whether it was shown, or is the very thing that was shown as another kind.
fn is_known(one: &Resource, request: &Request, known: &BTreeSet<Resource>) -> bool {
    let as_twin = |pair: &[Arc<str>; 2]| {
        let [left, right] = pair;
        let twin = match (one.kind == *left, one.kind == *right) {
            (true, _) => right,
            (_, true) => left,
            _ => return false,
        };
        known.contains(&Resource { kind: twin.clone(), id: one.id.clone() })
    };
    known.contains(one) || request.operation.twins.iter().any(as_twin)
}

/// How many things of each kind that facts name as touched they do not name as `known` (`seen`, `created`).
pub(crate) fn strangers(facts: &[Fact], known: &str, kinds: &[Arc<str>]) -> Vec<Vec<Value>> {
    let of = |word: &str| -> Vec<&[Value]> {
        facts.iter().filter(|fact| &*fact.name == word).map(|fact| &*fact.terms).collect()
    };
    let mut touched = of("resource");
    let is_named =
        |terms: &&[Value]| terms.get(1).and_then(Value::as_str).is_some_and(|name| !name.is_empty());
    touched.extend(of("unnamed").into_iter().filter(is_named));
    let known = of(known);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caveats::trial::*;
    use crate::decision::context::Context;
    use crate::pass::known::Known;

    const GET: &str = "GET /gmail/v1/users/me/messages/m1";
    const UPDATE: &str = "PUT /gmail/v1/users/me/drafts/d1";

    fn knowing(seen: &[(&str, &str)], created: &[(&str, &str)]) -> Context {
        let set = |all: &[(&str, &str)]| {
            all.iter().map(|(kind, id)| Resource { kind: (*kind).into(), id: (*id).into() }).collect()
        };
        Context { known: Known { seen: set(seen), created: set(created) }, ..Context::default() }
    }

    #[test]
    fn only_what_an_answer_has_shown_is_touched() {
        let pass = trial(&ONLY_SEEN, &["gmail:message"]);
        assert!(pass.says().contains("only a message on `gmail` that an earlier answer has shown"));
        let expected = "`message` on `gmail`: only one that an earlier answer has shown";
        assert_eq!(pass.answers(GET, "").unwrap_err(), expected);
        assert_eq!(pass.answers(LIST, ""), Ok(()), "a list names no message");
        assert_eq!(pass.with(knowing(&[("message", "m1")], &[])).answers(GET, ""), Ok(()));
    }

    #[test]
    fn only_what_the_pass_created_is_touched() {
        let draft = format!(r#"{{"message":{}}}"#, letter("me@example.com", "bob@example.com"));
        let pass = trial(&ONLY_CREATED, &["draft"]).with(knowing(&[("draft", "d1")], &[]));
        let expected = "`draft`: only one that this pass, or one attenuated from it, created";
        assert_eq!(pass.answers(UPDATE, &draft).unwrap_err(), expected, "it was only seen");
        assert_eq!(pass.with(knowing(&[], &[("draft", "d1")])).answers(UPDATE, &draft), Ok(()));
    }

    #[test]
    fn a_kind_that_no_answer_shows_is_refused() {
        let unknown = refused(&ONLY_SEEN, "mesage");
        assert!(
            unknown.starts_with("`mesage` is no kind of thing that --only-seen could follow"),
            "{unknown}"
        );
        assert!(refused(&ONLY_CREATED, "profile").contains("--only-created"));
    }
}
