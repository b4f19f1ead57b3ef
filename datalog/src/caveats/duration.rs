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
