//! `--limit`: a budget as a person writes it.

use crate::caveats::budget::Budget;
use crate::caveats::elsewhere;
use crate::caveats::flag::{Again, Flag, Takes};
use crate::caveats::reach::{self, TargetConnection};
use crate::caveats::said::{Says, ToldAs};
use crate::caveats::source::Source;
use crate::caveats::term_error::{TermError, wrong};
use crate::engine::caveat::{Binary, Caveat, Kind, Op, Query, Slot};
use crate::pass::limits::Limit;
use crate::pass::reservation::{Measure, Window};
use crate::request::gather::{Gather, word};
use crate::words::message::Message;
use crate::words::value::Value;

pub static LIMIT: Flag = Flag {
    value: "WHAT=SIZE",
    help: "Do it at most so often, counted over the pass and every pass below it: \
           `gmail.users.messages.get=10`, `send=3/h` (in any hour; /m, /d), `recipients=5` (different addresses), \
           `bytes=10MB` (requests and answers)",
    title: "How often",
    wish: "how often, counted over the pass and every pass narrowed from it",
    example: "send=3/h",
    also: &["gmail.users.messages.get=10", "recipients=5", "bytes=10MB"],
    again: Again::BySubject(subject),
    read: |given, narrow| {
        for text in given.of(&LIMIT) {
            let budget = read(text, given.reach)?;
            if narrow.budgets().any(|known| known.to_string() == budget.to_string()) {
                return Err(Message::new(format!("the budget `{budget}` is given twice")).into());
            }
            narrow.budget(budget);
        }
        Ok(())
    },
    says,
    facts,
    ..Flag::named("limit", Takes::Many)
};

/// `send=3/h` and `send=9/h` have the same subject, `send=3` has another.
fn subject(text: &str) -> String {
    let (what, size) = text.split_once('=').unwrap_or((text, ""));
    format!("{what}/{}", size.split_once('/').map_or("", |(_, window)| window))
}

fn read(text: &str, reach: &[TargetConnection<'_>]) -> Result<Budget, TermError> {
    let wrong = || {
        let says = "is not a budget: expected WHAT=SIZE, such as send=3, send=3/h, recipients=5, bytes=10MB or \
                    gmail.users.messages.get=10";
        wrong(text, says).hint("SIZE/m, SIZE/h and SIZE/d are for any minute, hour and day")
    };
    let (what, size) = text.rsplit_once('=').ok_or_else(wrong)?;
    let (size, window) = match size.split_once('/') {
        None => (size, None),
        Some((size, letter)) => {
            let window = Window::ALL.into_iter().find(|window| window.letter() == letter);
            (size, Some(window.ok_or_else(wrong)?))
        }
    };
    let (connection, counted) = match what.split_once(':') {
        Some((connection, rest)) => (Some(connection), rest),
        None => (None, what),
    };
    let measure = Measure::COUNTED.into_iter().find(|measure| measure.as_str() == counted);
    let measure = measure.unwrap_or(Measure::Requests);
    let target = match measure {
        Measure::Requests => reach::target(what, reach)?,
        Measure::Recipients | Measure::Bytes => {
            let anything = connection.map_or("*".into(), |name| format!("{name}:*"));
            reach::target(&anything, reach)?
        }
    };
    let max = match measure {
        Measure::Bytes => bytes(size),
        Measure::Requests | Measure::Recipients => count(size),
    };
    let budget = Budget { target, measure, window, max: max.ok_or_else(wrong)? };
    counts_something(&budget, text, reach)?;
    Ok(budget)
}

/// Recipients are counted where a service's messages are read; elsewhere the budget would hold nobody back.
fn counts_something(budget: &Budget, text: &str, reach: &[TargetConnection<'_>]) -> Result<(), TermError> {
    let reads =
        |one: &&TargetConnection<'_>| one.service.operations.iter().any(|known| !known.decode.is_empty());
    let meant = |one: &&TargetConnection<'_>| {
        budget.target.connection.as_ref().is_none_or(|own| own == one.connection)
    };
    if budget.measure != Measure::Recipients || reach.iter().filter(meant).any(|one| reads(&one)) {
        return Ok(());
    }
    let says = "would count nobody: no message of these services is read for whom it reaches";
    Err(wrong(text, says).hint("gmail, google-calendar and google-drive are").into())
}

fn facts(gather: &mut Gather, source: &Source<'_>) {
    let fact =
        |(name, count): (&str, u64)| [Value::str(name), Value::Int(i64::try_from(count).unwrap_or(i64::MAX))];
    gather.say(word!("used"), || source.budgets.used().into_iter().map(fact));
    gather.say(word!("cost"), || source.budgets.cost().into_iter().map(fact));
}

/// How the check beside a budget is told.
fn says(caveat: &Caveat, _: &[Caveat]) -> Option<Says> {
    let read = elsewhere::read(caveat);
    let ([query], Kind::One) = (read.rest, caveat.kind) else { return None };
    Some(Says { sentence: read.sentence(&bound_text(query)?), told: ToldAs::Custom })
}

fn bound_text(query: &Query) -> Option<String> {
    let names: Vec<&str> = query.patterns.iter().map(|pattern| &*pattern.name).collect();
    let Slot::Value(name) = query.patterns.first()?.slots.first()? else { return None };
    let [condition] = query.expressions.as_slice() else { return None };
    match (names.as_slice(), condition.as_slice()) {
        (["used"], [Op::Variable(0), Op::Value(Value::Int(max)), Op::Binary(Binary::LessThan)]) => {
            Some(format!("used fewer than {max} times (budget `{}`)", name.as_str()?))
        }
        (
            ["used", "cost"] | ["used", "cost", "recipient_count"],
            [
                Op::Variable(0),
                Op::Variable(1),
                Op::Binary(Binary::Add),
                Op::Value(Value::Int(max)),
                Op::Binary(Binary::LessOrEqual),
            ],
        ) => Some(format!("no more than {max} together with this request (budget `{}`)", name.as_str()?)),
        _ => None,
    }
}

/// How much a budget has, in words: `at most` stands before them.
pub(crate) fn size_of(limit: &Limit) -> String {
    let over = limit.window.map_or(String::new(), |window| format!(" {}", window.words()));
    let on = match &limit.target.connection {
        Some(name) if limit.measure != Measure::Requests => format!(" on `{name}`"),
        _ => String::new(),
    };
    match limit.measure {
        Measure::Requests if limit.max == 1 => format!("1 time{over}: {}", limit.target),
        Measure::Requests => format!("{} times{over}: {}", limit.max, limit.target),
        Measure::Recipients => format!("{} different recipients{over}{on}", limit.max),
        Measure::Bytes => format!("{}{over} sent and answered{on}", size(limit.max)),
    }
}

fn count(text: &str) -> Option<i64> {
    whole(text).filter(|count| *count <= 1_000_000_000)
}

/// Digits alone: no sign, no blank.
fn whole(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// `1500`, `64kB`, `10MB`, `1GB`; `KiB` and so on are by 1,024.
fn bytes(text: &str) -> Option<i64> {
    const UNITS: [(&str, i64); 8] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("kB", 1_000),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
    ];
    let (number, unit) = UNITS
        .into_iter()
        .find_map(|(unit, size)| text.strip_suffix(unit).map(|number| (number, size)))
        .unwrap_or((text, 1));
    whole(number)?.checked_mul(unit).filter(|bytes| *bytes <= 1_000_000_000_000_000)
}

/// A number of bytes as people say it.
fn size(bytes: u64) -> String {
    for (unit, size) in [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)] {
        if bytes >= size && bytes.is_multiple_of(size) {
            return format!("{} {unit}", bytes / size);
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caveats::trial::*;

    #[test]
    fn what_the_budget_counts_stops_when_it_is_used_up() {
        let pass = trial(&LIMIT, &["send=3/h"]);
        assert!(pass.says().contains("at most 3 times an hour: send"), "{}", pass.says());
        let body = letter("me@example.com", "bob@example.com");
        let pass = pass.spent(2);
        assert_eq!(pass.answers(SEND, &body), Ok(()));
        let pass = pass.spent(3);
        assert!(pass.answers(SEND, &body).is_err());
        assert_eq!(pass.answers(LIST, ""), Ok(()), "reading is not counted");
    }

    #[test]
    fn recipients_count_by_their_number() {
        let pass = trial(&LIMIT, &["recipients=2"]);
        assert_eq!(pass.answers(SEND, &letter("me@example.com", "a@x.example, b@x.example")), Ok(()));
        assert!(
            pass.answers(SEND, &letter("me@example.com", "a@x.example, b@x.example, c@x.example")).is_err()
        );
    }

    #[test]
    fn a_value_that_is_no_budget_is_refused() {
        for bad in ["send", "send=", "send=-1", "send=3/y", "bytes=1.5MB"] {
            assert!(refused(&LIMIT, bad).contains("is not a budget: expected WHAT=SIZE"), "{bad}");
        }
        assert!(refused(&LIMIT, "github:recipients=5").contains("would count nobody"));
    }

    #[test]
    fn sizes_are_whole_numbers_with_a_unit_and_nothing_else() {
        assert_eq!(bytes("10MB"), Some(10_000_000));
        assert_eq!(bytes("1KiB"), Some(1_024));
        assert_eq!(bytes("7"), Some(7));
        for bad in ["", "MB", "-1", "+1", " 1", "1.5MB", "1 MB", "1mb", "1000001GB", "9999999999999999"] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
        assert_eq!((count("3"), count("1000000001"), count("3kB")), (Some(3), None, None));
        assert_eq!((size(10_000_000), size(1_024)), ("10 MB".into(), "1024 bytes".into()));
    }
}
