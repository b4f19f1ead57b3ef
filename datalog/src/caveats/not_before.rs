//! `--not-before`: when a pass begins to hold.

use biscuit_auth::macros::check;

use crate::caveats::flag::{Flag, Takes};
use crate::caveats::grants::date;
use crate::caveats::said::{Says, ToldAs};
use crate::caveats::times;
use crate::pass::bounds::{Bound, time_bound};
use crate::words::value::date_text;

pub static NOT_BEFORE: Flag = Flag {
    value: "TIME",
    help: "When the pass begins to hold, as 2030-01-31T09:00:00Z",
    title: "Hold only from then on",
    wish: "when the pass begins to hold",
    example: "2030-01-31T09:00:00Z",
    read: |given, narrow| {
        narrow.begins = given.of(&NOT_BEFORE).first().map(|text| times::date(text)).transpose()?;
        if let Some(begins) = narrow.begins {
            narrow.check(check!(r#"check if time($t), $t >= {start}"#, start = date(begins)));
        }
        Ok(())
    },
    says: |caveat, _| match time_bound(caveat)? {
        Bound::From(at) => {
            Some(Says { sentence: format!("a time from {}", date_text(at)), told: ToldAs::Elsewhere })
        }
        Bound::Until(_) => None,
    },
    ..Flag::named("not-before", Takes::One)
};

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::caveats::trial::*;

    #[test]
    fn the_pass_holds_from_then_on() {
        let pass = trial(&NOT_BEFORE, &["2026-11-23T10:00:00+01:00"]);
        assert_eq!(pass.answers(LIST, ""), Ok(()), "9 o'clock here");
        let pass = trial(&NOT_BEFORE, &["2026-11-23T09:00:01Z"]);
        assert!(pass.says().contains("2026-11-23T09:00:01Z"), "{}", pass.says());
        assert_eq!(pass.answers(LIST, "").unwrap_err(), "a time from 2026-11-23T09:00:01Z");
        assert_eq!(pass.after(Duration::seconds(1)).answers(LIST, ""), Ok(()));
    }

    #[test]
    fn a_value_that_is_no_date_is_refused() {
        assert!(refused(&NOT_BEFORE, "tomorrow").starts_with("`tomorrow` is not a date: expected RFC 3339"));
    }
}
