//! `--for`: how long a pass holds.

use biscuit_auth::builder::Check;
use biscuit_auth::macros::check;
use time::OffsetDateTime;

use crate::caveats::flag::{Flag, Takes};
use crate::caveats::grants::date;
use crate::caveats::said::{Says, ToldAs};
use crate::caveats::times::duration;
use crate::pass::bounds::{Bound, time_bound};
use crate::words::value::date_text;

pub static FOR: Flag = Flag {
    value: "DURATION",
    help: "How long the pass holds: 90s, 30m, 8h, 7d [default: the template's, or 30m; a narrower pass: as long as \
           the old one]",
    title: "For",
    wish: "how long the pass holds",
    example: "30m",
    also: &["7d"],
    read: |given, narrow| {
        narrow.lasts = given.of(&FOR).first().map(|text| duration(text)).transpose()?;
        Ok(())
    },
    says: |caveat, _| match time_bound(caveat)? {
        Bound::Until(at) => {
            Some(Says { sentence: format!("a time until {}", date_text(at)), told: ToldAs::Elsewhere })
        }
        Bound::From(_) => None,
    },
    ..Flag::named("for", Takes::One)
};

/// Holds until then.
pub(crate) fn until(moment: OffsetDateTime) -> Check {
    check!(r#"check if time($t), $t <= {end}"#, end = date(moment))
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::caveats::trial::*;

    #[test]
    fn the_pass_holds_so_long_and_no_longer() {
        let pass = trial(&FOR, &["90s"]);
        assert!(pass.says().contains("when until 2026-11-23T09:01:30Z"), "{}", pass.says());
        assert_eq!(pass.answers(LIST, ""), Ok(()));
        let pass = pass.after(Duration::seconds(90));
        assert_eq!(pass.answers(LIST, ""), Ok(()), "its last second is a part of it");
        let late = pass.after(Duration::seconds(1)).answers(LIST, "").unwrap_err();
        assert_eq!(late, "a time until 2026-11-23T09:01:30Z");
    }

    #[test]
    fn a_value_that_is_no_duration_is_refused() {
        assert!(
            refused(&FOR, "soon")
                .starts_with("`soon` is not a duration: expected numbers and w, d, h, m or s")
        );
        assert!(refused(&FOR, "53w").contains("longer than 366 days"));
    }
}
