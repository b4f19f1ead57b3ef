//! Times and spans for people: UTC to the second, and how far from now.

use std::str::FromStr;

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, UtcOffset};

/// Returns a moment in the form of tables and sentences: `2030-01-31 09:00:05Z`.
pub(crate) fn at(moment: OffsetDateTime) -> String {
    moment
        .to_offset(UtcOffset::UTC)
        .format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z"))
        .unwrap_or_else(|_| moment.unix_timestamp().to_string())
}

/// A moment as people write it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moment {
    At(OffsetDateTime),
    Ago(Duration),
}

impl Moment {
    /// Returns the moment. If a span reaches too far back, returns the beginning of 1970.
    pub(super) fn from(self, now: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::At(moment) => moment,
            Self::Ago(span) => now.checked_sub(span).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        }
    }
}

/// Reads a time (RFC 3339), a day (its beginning in UTC), or how long ago (`30m`, `7d`).
impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let day = || Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
        OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .or_else(|| day().map(|day| day.midnight().assume_utc()))
            .map(Self::At)
            .or_else(|| datalog::duration(text).ok().map(Self::Ago))
            .ok_or_else(|| {
                let got = text.escape_debug();
                format!(
                    "expected a time such as 2026-11-22T09:00:00Z, a day, or how long ago (30m, 7d), got `{got}`"
                )
            })
    }
}

/// Returns how far a moment is from now: `in 29m`, `3h ago`, `now`.
pub(crate) fn from_now(moment: OffsetDateTime, now: OffsetDateTime) -> String {
    // Rounded to the nearest second, so that 30m is not shown as 29m 59s.
    let distance = Duration::seconds((moment - now).as_seconds_f64().round() as i64);
    match distance.whole_seconds() {
        0 => "now".into(),
        1.. => format!("in {}", span(distance)),
        _ => format!("{} ago", span(-distance)),
    }
}

/// Returns a span in its two largest units: `1h 30m`, `45s`.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.whole_seconds().unsigned_abs();
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let mut rest = seconds;
    let mut text = Vec::new();
    for (unit, size) in units {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            text.push(format!("{count}{unit}"));
        } else if !text.is_empty() {
            break;
        }
        if text.len() == 2 {
            break;
        }
    }
    if text.is_empty() { "0s".into() } else { text.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_span_shows_its_two_largest_units() {
        for (seconds, shown) in
            [(0, "0s"), (45, "45s"), (1_800, "30m"), (5_400, "1h 30m"), (86_405, "1d"), (90_061, "1d 1h")]
        {
            assert_eq!(span(Duration::seconds(seconds)), shown);
        }
    }

    #[test]
    fn a_moment_is_a_time_a_day_or_how_long_ago() {
        let now = datetime!(2030-01-31 09:00 UTC);
        let of = |text: &str| text.parse::<Moment>().unwrap().from(now);
        assert_eq!(of("2030-01-30T10:00:00+01:00"), datetime!(2030-01-30 09:00 UTC));
        assert_eq!(of("2030-01-30"), datetime!(2030-01-30 00:00 UTC));
        assert_eq!(of("90m"), datetime!(2030-01-31 07:30 UTC));
        assert!("yesterday".parse::<Moment>().is_err());
    }

    #[test]
    fn a_moment_is_shown_in_utc_and_from_now() {
        let now = datetime!(2030-01-31 10:00 +1);
        assert_eq!(at(now), "2030-01-31 09:00:00Z");
        assert_eq!(from_now(now + Duration::minutes(30), now + Duration::milliseconds(200)), "in 30m");
        assert_eq!(from_now(now - Duration::hours(3), now), "3h ago");
    }
}
