//! `--during`: within which hours of the week a pass holds, in a time zone.

use biscuit_auth::builder::Check;
use biscuit_auth::macros::check;

use crate::caveats::elsewhere::either;
use crate::caveats::flag::{Again, Flag, Takes};
use crate::caveats::grants::set;
use crate::caveats::said::{About, Says, ToldAs};
use crate::engine::caveat::{Binary, Caveat, Kind, Op, Query, Slot};
use crate::request::gather::word;
use crate::words::hours::{self, DAYS, Hours, between};
use crate::words::value::Value;

pub static DURING: Flag = Flag {
    value: "HOURS",
    help: "Hold only in these hours: `mon-fri 09:00-17:00 Europe/Berlin`. Repeat it for more",
    title: "Within which hours",
    wish: "which hours",
    example: "mon-fri 09:00-17:00 Europe/Berlin",
    again: Again::Replaces,
    read: |given, narrow| {
        let hours: Vec<Hours> =
            given.of(&DURING).iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        narrow.checks(hours.iter().map(check_within).reduce(either));
        Ok(())
    },
    says,
    facts: |gather, source| {
        gather.say(word!("clock"), || {
            source.zones.iter().filter_map(|zone| {
                let (day, minute) = zone.local(source.now)?;
                Some(vec![Value::str(zone.name.clone()), Value::word(day), Value::Int(minute)])
            })
        });
    },
    ..Flag::named("during", Takes::Many)
};

fn check_within(hours: &Hours) -> Check {
    check!(
        r#"check if clock({zone}, $day, $minute), {days}.contains($day), $minute >= {from}, $minute < {to}"#,
        zone = hours.zone.as_str(),
        days = set(hours.days.iter().copied()),
        from = hours.from,
        to = hours.to
    )
}

/// How such a check is told.
fn says(caveat: &Caveat, _: &[Caveat]) -> Option<Says> {
    if caveat.kind != Kind::One || caveat.queries.is_empty() {
        return None;
    }
    let hours = caveat.queries.iter().map(hours).collect::<Option<Vec<String>>>()?.join(", or ");
    Some(Says { sentence: format!("a time within {hours}"), told: ToldAs::Line(About::When, hours) })
}

fn hours(query: &Query) -> Option<String> {
    let bound = |condition: &[Op], op| match condition {
        [Op::Variable(_), Op::Value(Value::Int(minutes)), Op::Binary(found)] if *found == op => {
            Some(*minutes)
        }
        _ => None,
    };
    let ([pattern], [days, from, to]) = (query.patterns.as_slice(), query.expressions.as_slice()) else {
        return None;
    };
    let (Slot::Value(zone), [Op::Value(days), Op::Variable(_), Op::Binary(Binary::Contains)]) =
        (pattern.slots.first()?, days.as_slice())
    else {
        return None;
    };
    if &*pattern.name != "clock" {
        return None;
    }
    let days = days.as_strings()?;
    let days: Vec<&str> = DAYS.into_iter().filter(|day| days.contains(day)).collect();
    let times = between(bound(from, Binary::GreaterOrEqual)?, bound(to, Binary::LessThan)?);
    Some(format!("{} {times} {}", hours::days_text(&days), zone.as_str()?))
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::caveats::trial::*;

    #[test]
    fn the_pass_holds_within_the_hours_of_that_zone() {
        // The clock of the test says Monday, 10 in Berlin.
        let pass = trial(&DURING, &["mon-fri 10:00-12:00 Europe/Berlin"]);
        assert!(pass.says().contains("when mon-fri 10:00-12:00 Europe/Berlin"), "{}", pass.says());
        assert_eq!(pass.answers(LIST, ""), Ok(()));
        let later = trial(&DURING, &["mon 11:00-12:00 Europe/Berlin", "tue-sun 00:00-24:00 UTC"]);
        let expected = later.answers(LIST, "").unwrap_err();
        assert!(expected.starts_with("a time within mon 11:00-12:00 Europe/Berlin, or tue"), "{expected}");
        let early = trial(&DURING, &["mon 08:00-09:20 UTC"]);
        assert_eq!(early.answers(LIST, ""), Ok(()));
        assert!(
            early.after(Duration::minutes(20)).answers(LIST, "").is_err(),
            "the last minute is not in it"
        );
    }

    #[test]
    fn a_value_that_is_no_hours_is_refused() {
        for bad in ["9 to 5", "mon-fri 09:00-17:00 Mars/Olympus", "mon 17:00-09:00 UTC"] {
            assert!(!refused(&DURING, bad).is_empty(), "{bad}");
        }
    }
}
