//! `--resource KIND=ID`: which things a pass is for, as caveats that hold for every operation of the services that
//! have such things.
//!
//! Two caveats a connection: no other thing of the kind is touched, and one of these is. So an operation that
//! names none is denied, and none is vacuous.

use std::collections::{BTreeMap, BTreeSet};

use biscuit_auth::builder::{Check, Term};
use biscuit_auth::macros::check;

use crate::caveat::{Binary, Caveat, Kind, Op, Slot, Unary};
use crate::names::ConnectionName;
use crate::terms::{Reach, TermError};
use crate::value::Value;

const MAX_ID: usize = 256;

/// The caveats of these, each `KIND=ID`.
pub(crate) fn caveats(texts: &[String], reach: &[Reach<'_>]) -> Result<Vec<Check>, TermError> {
    let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for text in texts {
        let short = || text.chars().take(80).collect::<String>();
        let (kind, id) = text.split_once('=').ok_or_else(|| TermError::Resource(short()))?;
        if id.is_empty() || id.len() > MAX_ID || id.chars().any(char::is_control) {
            return Err(TermError::Resource(short()));
        }
        kinds.entry(kind).or_default().insert(id);
    }
    let mut caveats = Vec::new();
    for (kind, ids) in kinds {
        let on: Vec<&ConnectionName> = reach
            .iter()
            .filter(|one| kinds_of(one).any(|own| own == kind))
            .map(|one| one.connection)
            .collect();
        if on.is_empty() {
            let known: BTreeSet<&str> = reach.iter().flat_map(kinds_of).collect();
            let known = known.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
            return Err(TermError::ResourceKind { got: kind.chars().take(80).collect(), known });
        }
        let ids = Term::Set(ids.into_iter().map(|id| Term::Str(id.to_owned())).collect());
        caveats.extend(on.into_iter().flat_map(|name| on_connection(name.as_str(), kind, &ids)));
    }
    Ok(caveats)
}

fn kinds_of<'a>(reach: &Reach<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    reach.service.operations.iter().flat_map(|operation| operation.resources.iter().map(|rule| &*rule.kind))
}

fn on_connection(name: &str, kind: &str, ids: &Term) -> [Check; 2] {
    let others = check!(
        r#"reject if connection({c}), resource({kind}, $r), !{ids}.contains($r)"#,
        c = name,
        kind = kind,
        ids = ids.clone()
    );
    let mut some = check!(r#"check if connection($c), $c !== {c}"#, c = name);
    let these =
        check!(r#"check if resource({kind}, $r), {ids}.contains($r)"#, kind = kind, ids = ids.clone());
    some.queries.extend(these.queries);
    [others, some]
}

/// What a `reject if` on resources leaves, in words.
pub(crate) fn sentence(caveat: &Caveat) -> Option<String> {
    let ([query], Kind::Reject) = (caveat.queries.as_slice(), caveat.kind) else { return None };
    let ([connection, resource], [condition]) = (query.patterns.as_slice(), query.expressions.as_slice())
    else {
        return None;
    };
    let [Op::Value(ids), Op::Variable(_), Op::Binary(Binary::Contains), Op::Unary(Unary::Negate)] =
        condition.as_slice()
    else {
        return None;
    };
    if (&*connection.name, &*resource.name) != ("connection", "resource") {
        return None;
    }
    let ([Slot::Value(name)], [Slot::Value(kind), Slot::Variable(_)]) =
        (connection.slots.as_slice(), resource.slots.as_slice())
    else {
        return None;
    };
    Some(format!("on `{}`: no {} but {}", name.as_str()?, kind.as_str()?, listed(ids)?))
}

/// The ids in words.
pub(crate) fn listed(ids: &Value) -> Option<String> {
    Some(ids.as_strings()?.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", "))
}
