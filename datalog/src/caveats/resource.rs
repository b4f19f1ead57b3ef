//! `--resource KIND=ID`: which things a pass is for, as caveats that hold for every operation of the services that
//! have such things.
//!
//! Two caveats a connection: no other thing of the kind is touched, and one of these is. So an operation that
//! names none is denied, and none is vacuous.

use std::collections::{BTreeMap, BTreeSet};

use biscuit_auth::builder::{Check, Term};
use biscuit_auth::macros::check;

use crate::caveats::elsewhere;
use crate::caveats::flag::{Flag, Takes};
use crate::caveats::reach::TargetConnection;
use crate::caveats::said::{About, Says, ToldAs, listed};
use crate::caveats::term_error::{TermError, beginning, wrong};
use crate::engine::caveat::{Binary, Caveat, Kind, Op, Slot, Unary};
use crate::request::gather::word;
use crate::words::message::Message;
use crate::words::value::Value;

const MAX_ID: usize = 256;

pub static RESOURCE: Flag = Flag {
    value: "KIND=ID",
    help: "Touch only this thing of its kind (`repo=octo/hello`); every request has to name one. Repeat it for more",
    title: "Touch only these things",
    wish: "only these things of their kind",
    example: "repo=octo/hello",
    read: |given, narrow| {
        narrow.checks(caveats(given.of(&RESOURCE), given.reach)?);
        Ok(())
    },
    says,
    facts: |gather, source| {
        let request = source.request;
        gather.say(word!("resource"), || {
            request.resources.iter().map(|one| [Value::str(one.kind.clone()), Value::str(one.id.as_str())])
        });
        gather.say(word!("unnamed"), || {
            let all = request.all_unnamed();
            all.into_iter().map(|one| [Value::str(one.kind), Value::str(one.name)])
        });
    },
    ..Flag::named("resource", Takes::Many)
};

/// The caveats of these, each `KIND=ID`.
fn caveats(texts: &[String], reach: &[TargetConnection<'_>]) -> Result<Vec<Check>, TermError> {
    let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for text in texts {
        let says = "is not a resource: expected KIND=ID, such as repo=octo/hello or channel=C0123ABCD";
        let (kind, id) = text.split_once('=').ok_or_else(|| wrong(text, says))?;
        if id.is_empty() || id.len() > MAX_ID || id.chars().any(char::is_control) {
            return Err(wrong(text, says).into());
        }
        kinds.entry(kind).or_default().insert(id);
    }
    let mut caveats = Vec::new();
    for (kind, ids) in kinds {
        let on: Vec<&TargetConnection<'_>> =
            reach.iter().filter(|one| kinds_of(one).any(|own| own == kind)).collect();
        if on.is_empty() {
            let known: BTreeSet<&str> = reach.iter().flat_map(kinds_of).collect();
            let known = known.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
            let says = format!("no operation here touches a `{}`", beginning(kind));
            return Err(Message::new(says).hint(format!("there are {known}")).into());
        }
        for one in on {
            let spelled =
                |id: &&str| one.service.respelled(one.account, kind, id).unwrap_or((*id).to_owned());
            let ids = Term::Set(ids.iter().map(|id| Term::Str(spelled(id))).collect());
            caveats.extend(on_connection(one.connection.as_str(), kind, &ids));
        }
    }
    Ok(caveats)
}

fn kinds_of<'a>(reach: &TargetConnection<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
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

/// Things of one kind on one connection.
#[derive(Debug, PartialEq, Eq)]
struct These<'a> {
    connection: &'a str,
    kind: &'a str,
    ids: &'a Value,
}

/// How one of the two caveats is told; together they are one line.
fn says(caveat: &Caveat, block: &[Caveat]) -> Option<Says> {
    if let Some(these) = no_others(caveat) {
        let These { connection, kind, ids } = these;
        let ids = listed(ids.as_strings()?);
        let is_named = block.iter().any(|one| one_of(one).as_ref() == Some(&these));
        let has_to = if is_named { ", which every request has to name" } else { "" };
        let line = format!("the {kind} {ids} on `{connection}`{has_to}");
        let sentence = format!("on `{connection}`: no {kind} but {ids}");
        return Some(Says { sentence, told: ToldAs::Line(About::Only, line) });
    }
    let these = one_of(caveat)?;
    let These { connection, kind, ids } = these;
    let ids = listed(ids.as_strings()?);
    let told = if block.iter().any(|one| no_others(one).as_ref() == Some(&these)) {
        ToldAs::Elsewhere
    } else {
        ToldAs::Line(About::Only, format!("requests on `{connection}` that name a {kind} among {ids}"))
    };
    let sentence = elsewhere::read(caveat).sentence(&format!("a {kind} among {ids} has to be named"));
    Some(Says { sentence, told })
}

/// The things of a caveat by which no other of their kind is touched.
fn no_others(caveat: &Caveat) -> Option<These<'_>> {
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
    Some(These { connection: name.as_str()?, kind: kind.as_str()?, ids })
}

/// The things of a caveat by which one of them has to be named.
fn one_of(caveat: &Caveat) -> Option<These<'_>> {
    let ([elsewhere, these], Kind::One) = (caveat.queries.as_slice(), caveat.kind) else { return None };
    let connection = match (elsewhere.patterns.as_slice(), elsewhere.expressions.as_slice()) {
        ([pattern], [condition]) if &*pattern.name == "connection" => match condition.as_slice() {
            [Op::Variable(0), Op::Value(name), Op::Binary(Binary::NotEqual)] => name.as_str()?,
            _ => return None,
        },
        _ => return None,
    };
    let ([resource], [condition]) = (these.patterns.as_slice(), these.expressions.as_slice()) else {
        return None;
    };
    let ([Slot::Value(kind), Slot::Variable(_)], "resource") = (resource.slots.as_slice(), &*resource.name)
    else {
        return None;
    };
    let [Op::Value(ids), Op::Variable(_), Op::Binary(Binary::Contains)] = condition.as_slice() else {
        return None;
    };
    Some(These { connection, kind: kind.as_str()?, ids })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caveats::trial::*;

    #[test]
    fn every_request_names_the_thing_and_no_other_of_its_kind() {
        let pass = trial(&RESOURCE, &["repo=octo/hello"]);
        assert!(pass.says().contains("`octo/hello`"), "{}", pass.says());
        assert_eq!(pass.answers("GET /repos/octo/hello", ""), Ok(()));
        assert_eq!(pass.answers("GET /repos/Octo/HELLO/issues", ""), Ok(()), "GitHub ignores the case");
        for other in ["GET /repos/octo/secret", "GET /user/repos"] {
            assert!(pass.answers(other, "").is_err(), "{other}");
        }
        assert_eq!(pass.answers(LIST, ""), Ok(()), "a mailbox has no repository");
    }

    #[test]
    fn a_value_that_is_no_thing_of_these_services_is_refused() {
        assert!(
            refused(&RESOURCE, "octo/hello").starts_with("`octo/hello` is not a resource: expected KIND=ID")
        );
        let unknown = refused(&RESOURCE, "channel=C0123");
        assert!(unknown.starts_with("no operation here touches a `channel`\nhint: there are "), "{unknown}");
    }
}
