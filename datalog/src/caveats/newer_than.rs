//! `--newer-than`: how recent the items of an answer have to be. Of an older one only its ids are shown.
//!
//! Biscuit has no arithmetic on dates, so an age is a number of seconds that the verifier says.

use biscuit_auth::builder::Check;
use biscuit_auth::macros::check;
use time::OffsetDateTime;

use crate::catalog::Service;
use crate::caveats::elsewhere::{self, either};
use crate::caveats::flag::{Flag, Takes};
use crate::caveats::grants::date;
use crate::caveats::of_answers::{answers, constant, meant};
use crate::caveats::reach::TargetConnection;
use crate::caveats::said::Says;
use crate::caveats::scope::FlagScope;
use crate::caveats::term_error::{TermError, wrong};
use crate::caveats::times::{self, span};
use crate::engine::caveat::{Binary, Caveat, Kind, Op, Slot};
use crate::request::gather::word;
use crate::words::hours;
use crate::words::value::{Value, date_text};

pub static NEWER_THAN: Flag = Flag {
    value: "[CONNECTION:]AGE",
    help: "Show nothing older than this: `24h`, `today@Europe/Berlin`, or a date. For messages, or `github:7d`",
    title: "Show nothing older than this",
    wish: "how recent results must be",
    example: "today@Europe/Berlin",
    also: &["24h", "github:7d"],
    read: |given, narrow| {
        narrow.checks(caveats(given.of(&NEWER_THAN), given.reach, given.now)?);
        Ok(())
    },
    says,
    of_items: |gather, item, now| {
        let Some(time) = item.time else { return };
        let seconds = time.unix_timestamp();
        gather.say_one(word!("item_time"), || Value::Date(u64::try_from(seconds).unwrap_or(0)));
        gather.say_one(word!("item_age"), || Value::Int(now.saturating_sub(seconds)));
    },
    ..Flag::named("newer-than", Takes::Many)
};

/// From when on an item may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    /// Seconds before each request.
    Within(i64),
    Since(OffsetDateTime),
}

/// `24h`, `today@Europe/Berlin`, or a date: the caveats of `--newer-than`.
fn caveats(
    texts: &[String],
    reach: &[TargetConnection<'_>],
    now: OffsetDateTime,
) -> Result<Vec<Check>, TermError> {
    let mut checks = Vec::new();
    for text in texts {
        // A date has colons of its own.
        let (scope, age) = match age(text, now) {
            Ok(age) => (FlagScope { connection: None, rest: text }, age),
            Err(error) => match FlagScope::of(text, reach) {
                Ok(scope) => (scope, age(scope.rest, now)?),
                Err(_) if times::date(text).is_err() && !text.contains(':') => return Err(error),
                Err(other) => return Err(other),
            },
        };
        let tells = |service: &Service| answers(service).any(|rule| rule.time.is_some());
        for name in meant(scope, reach, &NEWER_THAN, &tells)? {
            let young = match age {
                Age::Within(seconds) => {
                    check!(r#"check if item_age($a), $a <= {seconds}"#, seconds = seconds)
                }
                Age::Since(moment) => {
                    check!(r#"check if item_time($t), $t >= {moment}"#, moment = date(moment))
                }
            };
            let ids = check!(r#"check if stage("request") or item_shows("ids")"#);
            checks.push(elsewhere::on_connection(Some(name), either(ids, young)));
        }
    }
    Ok(checks)
}

fn age(text: &str, now: OffsetDateTime) -> Result<Age, TermError> {
    if let Some(zone) = text.strip_prefix("today@") {
        return Ok(Age::Since(hours::midnight(zone, now)?));
    }
    if let Ok(duration) = times::duration(text) {
        return Ok(Age::Within(duration.whole_seconds()));
    }
    let says = "is no age: expected a duration such as 24h, `today@ZONE` such as today@Europe/Berlin, or a date such \
                as 2026-11-22T09:00:00Z";
    times::date(text).map(Age::Since).map_err(|_| wrong(text, says).into())
}

/// How such a check is told.
fn says(caveat: &Caveat, _: &[Caveat]) -> Option<Says> {
    let read = elsewhere::read(caveat);
    let ([stage, ids, young], Kind::One) = (read.rest, caveat.kind) else { return None };
    if (constant(stage)?, constant(ids)?) != (("stage", "request"), ("item_shows", "ids")) {
        return None;
    }
    let ([pattern], [condition]) = (young.patterns.as_slice(), young.expressions.as_slice()) else {
        return None;
    };
    let ([Slot::Variable(0)], [Op::Variable(0), Op::Value(bound), Op::Binary(op)]) =
        (pattern.slots.as_slice(), condition.as_slice())
    else {
        return None;
    };
    let what = match (&*pattern.name, bound, op) {
        ("item_age", Value::Int(seconds), Binary::LessOrEqual) => {
            format!("nothing older than {} (older items show only ids)", span(*seconds))
        }
        ("item_time", Value::Date(moment), Binary::GreaterOrEqual) => {
            format!("nothing from before {} (older items show only ids)", date_text(*moment))
        }
        _ => return None,
    };
    Some(Says::of_answers(&read.connection_text(), &what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caveats::trial::*;

    const GET: &str = "GET /gmail/v1/users/me/messages/m1";

    fn message(time: OffsetDateTime) -> String {
        let milliseconds = time.unix_timestamp() * 1_000;
        format!(r#"{{"id":"m1","snippet":"secret","internalDate":"{milliseconds}"}}"#)
    }

    #[test]
    fn an_old_message_is_not_shown() {
        let hour = time::Duration::HOUR;
        for (age, young, old) in [
            ("24h", NOW - 23 * hour, NOW - 25 * hour),
            ("today@Europe/Berlin", NOW - 9 * hour, NOW - 11 * hour),
            ("2026-11-22T12:00:00Z", NOW - 20 * hour, NOW - 22 * hour),
        ] {
            let pass = trial(&NEWER_THAN, &[age]);
            assert!(pass.says().contains("sees"), "{}", pass.says());
            assert!(pass.shows(GET, &message(young)).unwrap().contains("secret"), "{age}");
            let expected = pass.shows(GET, &message(old)).unwrap_err();
            assert!(expected.starts_with("answers on `gmail`: nothing "), "{age}: {expected}");
        }
    }

    #[test]
    fn a_value_that_is_no_age_is_refused() {
        assert!(refused(&NEWER_THAN, "old").starts_with("`old` is no age: expected a duration such as 24h"));
        assert!(refused(&NEWER_THAN, "today@Mars").contains("Mars"));
        assert!(refused(&NEWER_THAN, "nowhere:24h").starts_with("no connection is called `nowhere`"));
    }
}
