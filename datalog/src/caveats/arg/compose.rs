//! The checks that `--arg` makes.

use std::collections::BTreeSet;

use biscuit_auth::builder::{Check, Predicate, Term};
use biscuit_auth::macros::check;

use super::types::{ArgCondition, Arguments, NumberTest, Test, TextTest};
use crate::catalog::selector::{Selector, Target};
use crate::words::names::ConnectionName;

/// The caveats of all flags together: those on one operation are one closed world.
pub(super) fn caveats(all: &[Arguments]) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut done: Vec<&Target> = Vec::new();
    for one in all {
        if done.contains(&&one.target) {
            continue;
        }
        done.push(&one.target);
        let Selector::Operation(id) = &one.target.selector else { continue };
        let same = || all.iter().filter(|other| other.target == one.target);
        let mut names: BTreeSet<&str> = one.implied.iter().map(String::as_str).collect();
        names.extend(same().flat_map(|other| &other.conditions).map(|condition| condition.name.as_str()));
        let place = OperationPlace { id: id.as_str(), connection: one.target.connection.as_ref() };
        checks.push(place.closed(&names));
        for condition in same().flat_map(|other| &other.conditions) {
            checks.extend(place.condition(condition));
        }
    }
    checks
}

/// The operation that caveats are about.
#[derive(Clone, Copy)]
struct OperationPlace<'a> {
    id: &'a str,
    connection: Option<&'a ConnectionName>,
}

impl OperationPlace<'_> {
    fn closed(self, names: &BTreeSet<&str>) -> Check {
        let names = Term::Set(names.iter().map(|name| Term::Str((*name).to_owned())).collect());
        self.only(check!(r#"reject if arg_name($n), !{names}.contains($n)"#, names = names))
    }

    fn condition(self, condition: &ArgCondition) -> Vec<Check> {
        let name = condition.name.as_str();
        let Some((kind, test)) = &condition.test else {
            return if condition.optional {
                Vec::new()
            } else {
                vec![self.present(check!(r#"check if arg_name({n})"#, n = name))]
            };
        };
        let kind = kind.as_str();
        let mut checks = Vec::new();
        if !condition.optional {
            checks.push(self.present(check!(r#"check if arg_type({n}, {t})"#, n = name, t = kind)));
        }
        // A value of another type would be looked at by no test.
        checks.push(self.only(check!(r#"reject if arg_type({n}, $t), $t !== {t}"#, n = name, t = kind)));
        checks.push(self.only(violation(name, test)));
        checks
    }

    /// A `check if` that holds for every other operation.
    fn present(self, mut check: Check) -> Check {
        let mut elsewhere = check!(r#"check if operation($o), $o !== {id}"#, id = self.id);
        if let Some(name) = self.connection {
            let other = check!(r#"check if connection($c), $c !== {name}"#, name = name.as_str());
            elsewhere.queries.extend(other.queries);
        }
        elsewhere.queries.append(&mut check.queries);
        elsewhere
    }

    /// A `reject if` that looks at this operation only.
    fn only(self, mut check: Check) -> Check {
        for query in &mut check.queries {
            let here = |name: &str, value: &str| Predicate::new(name.into(), vec![Term::Str(value.into())]);
            query.body.insert(0, here("operation", self.id));
            if let Some(name) = self.connection {
                query.body.insert(0, here("connection", name.as_str()));
            }
        }
        check
    }
}

/// Matches where some value of the argument does not meet the test.
fn violation(name: &str, test: &Test) -> Check {
    match test {
        Test::Number(NumberTest::Less, n) => {
            check!(r#"reject if arg_int({a}, $v), $v >= {n}"#, a = name, n = *n)
        }
        Test::Number(NumberTest::AtMost, n) => {
            check!(r#"reject if arg_int({a}, $v), $v > {n}"#, a = name, n = *n)
        }
        Test::Number(NumberTest::More, n) => {
            check!(r#"reject if arg_int({a}, $v), $v <= {n}"#, a = name, n = *n)
        }
        Test::Number(NumberTest::AtLeast, n) => {
            check!(r#"reject if arg_int({a}, $v), $v < {n}"#, a = name, n = *n)
        }
        Test::NumberIn(numbers) => {
            let set = Term::Set(numbers.iter().map(|n| Term::Integer(*n)).collect());
            check!(r#"reject if arg_int({a}, $v), !{set}.contains($v)"#, a = name, set = set)
        }
        Test::Is(flag) => check!(r#"reject if arg_bool({a}, $v), $v !== {f}"#, a = name, f = *flag),
        Test::In(texts) => {
            let set = Term::Set(texts.iter().map(|text| Term::Str(text.clone())).collect());
            check!(r#"reject if arg({a}, $v), !{set}.contains($v)"#, a = name, set = set)
        }
        Test::Text(TextTest::Contains, text) => {
            check!(r#"reject if arg({a}, $v), !$v.contains({x})"#, a = name, x = text.as_str())
        }
        Test::Text(TextTest::StartsWith, text) => {
            check!(r#"reject if arg({a}, $v), !$v.starts_with({x})"#, a = name, x = text.as_str())
        }
        Test::Text(TextTest::Under, text) => {
            let below = format!("{text}/");
            check!(
                r#"reject if arg({a}, $v), $v !== {x}, !$v.starts_with({below})"#,
                a = name,
                x = text.as_str(),
                below = below
            )
        }
    }
}
