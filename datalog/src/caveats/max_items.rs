//! `--max-items`: how many items an answer may have.

use biscuit_auth::builder::Check;
use biscuit_auth::macros::check;

use crate::catalog::{Service, Showing};
use crate::caveats::elsewhere;
use crate::caveats::flag::{Flag, Takes};
use crate::caveats::of_answers::{answers, constant, meant};
use crate::caveats::reach::TargetConnection;
use crate::caveats::said::Says;
use crate::caveats::scope::FlagScope;
use crate::caveats::term_error::{TermError, wrong};
use crate::engine::caveat::{Binary, Caveat, Kind, Op, Slot};
use crate::request::gather::word;
use crate::words::value::Value;

pub static MAX_ITEMS: Flag = Flag {
    value: "[CONNECTION:]N",
    help: "Show at most so many items of an answer. For messages, or `github:30`",
    title: "Show at most so many items of an answer",
    wish: "how many results may come back",
    example: "20",
    read: |given, narrow| {
        narrow.checks(caveats(given.of(&MAX_ITEMS), given.reach)?);
        Ok(())
    },
    says,
    of_items: |gather, item, _| gather.say_one(word!("item_count"), || Value::count(item.count)),
    ..Flag::named("max-items", Takes::Many)
};

fn caveats(texts: &[String], reach: &[TargetConnection<'_>]) -> Result<Vec<Check>, TermError> {
    let mut checks = Vec::new();
    for text in texts {
        let scope = FlagScope::of(text, reach)?;
        let wrong = || wrong(scope.rest, "is no number of items: expected 1 to 100000");
        let max: i64 = scope.rest.parse().map_err(|_| wrong())?;
        if !(1..=100_000).contains(&max) {
            return Err(wrong().into());
        }
        let has = |service: &Service| answers(service).any(|rule| rule.shows == Showing::Items);
        for name in meant(scope, reach, &MAX_ITEMS, &has)? {
            let few = check!(r#"check if stage("request") or item_count($n), $n <= {max}"#, max = max);
            checks.push(elsewhere::on_connection(Some(name), few));
        }
    }
    Ok(checks)
}

/// How such a check is told.
fn says(caveat: &Caveat, _: &[Caveat]) -> Option<Says> {
    let read = elsewhere::read(caveat);
    let ([stage, few], Kind::One) = (read.rest, caveat.kind) else { return None };
    if constant(stage)? != ("stage", "request") {
        return None;
    }
    match (few.patterns.as_slice(), few.expressions.as_slice()) {
        ([pattern], [condition]) if &*pattern.name == "item_count" => {
            let ([Slot::Variable(0)], [Op::Variable(0), Op::Value(Value::Int(max)), Op::Binary(op)]) =
                (pattern.slots.as_slice(), condition.as_slice())
            else {
                return None;
            };
            let is_most = *op == Binary::LessOrEqual;
            is_most.then(|| Says::of_answers(&read.connection_text(), &format!("at most {max} items")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caveats::trial::*;

    fn messages(count: usize) -> String {
        let items: Vec<String> = (0..count).map(|n| format!(r#"{{"id":"m{n}","threadId":"t"}}"#)).collect();
        format!(r#"{{"messages":[{}]}}"#, items.join(","))
    }

    #[test]
    fn an_answer_with_more_items_is_not_shown() {
        let pass = trial(&MAX_ITEMS, &["gmail:2"]);
        assert!(pass.says().contains("sees on `gmail` at most 2 items"), "{}", pass.says());
        assert_eq!(pass.shows(LIST, &messages(2)), Ok(messages(2)));
        assert_eq!(pass.shows(LIST, &messages(3)).unwrap_err(), "answers on `gmail`: at most 2 items");
    }

    #[test]
    fn a_value_that_is_no_number_of_items_is_refused() {
        for bad in ["0", "-1", "100001", "many"] {
            let says = refused(&MAX_ITEMS, bad);
            assert_eq!(says, format!("`{bad}` is no number of items: expected 1 to 100000"));
        }
    }
}
