//! Moments and spans of time as people write them in flags, and as they are told.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::caveats::reach::MAX_DAYS;
use crate::caveats::term_error::{TermError, wrong};

/// `30m`, `2h`, `1h30m`, `90s`, `7d`, `2w`: each unit at most once, the larger first.
pub fn duration(text: &str) -> Result<Duration, TermError> {
    const UNITS: [(char, i64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
    let wrong =
        || wrong(text, "is not a duration: expected numbers and w, d, h, m or s, such as 30m or 1h30m");
    let (mut total, mut rest) = (0i64, text);
    for (unit, seconds) in UNITS {
        let Some((number, after)) = rest.split_once(unit) else { continue };
        let plain = !number.is_empty()
            && number.len() <= 12
            && !number.starts_with('0')
            && number.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = number.parse().ok().filter(|_| plain).ok_or_else(wrong)?;
        total = number.checked_mul(seconds).and_then(|more| total.checked_add(more)).ok_or_else(wrong)?;
        rest = after;
    }
    match (rest, total) {
        ("", 1..) if total > MAX_DAYS * 86_400 => Err(too_long(text)),
        ("", 1..) => Ok(Duration::seconds(total)),
        _ => Err(wrong().into()),
    }
}

pub(crate) fn date(text: &str) -> Result<OffsetDateTime, TermError> {
    let wrong = || wrong(text, "is not a date: expected RFC 3339, such as 2026-11-22T09:00:00Z");
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| wrong().into())
}

fn too_long(text: &str) -> TermError {
    wrong(text, &format!("is longer than {MAX_DAYS} days, the longest that there is")).into()
}

/// In the largest unit that it is a number of; days from two on.
pub(crate) fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        s if s % 86_400 == 0 && s > 86_400 => (s / 86_400, "days"),
        s if s % 3_600 == 0 => (s / 3_600, "hours"),
        s if s % 60 == 0 => (s / 60, "minutes"),
        s => (s, "seconds"),
    };
    format!("{count} {}", if count == 1 { unit.trim_end_matches('s') } else { unit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_positive_number_and_a_unit() {
        assert_eq!(duration("30m").unwrap(), Duration::minutes(30));
        assert_eq!(duration("1h30m").unwrap(), Duration::minutes(90));
        assert_eq!(duration("2w").unwrap(), Duration::days(14));
        assert_eq!(duration("1d2h3m4s").unwrap(), Duration::seconds(93_784));
        assert_eq!(duration("400d").unwrap_err(), too_long("400d"));
        for bad in ["30m1h", "1h1h", "1h30", "h", "1h m", "1h-5m", "1w w"] {
            assert!(duration(bad).is_err(), "{bad} was accepted");
        }
        for bad in ["", "m", "30", "-1m", "0s", "+5m", "030m", "1.5h", "30M", "99999999999d", "1y", "5µ"] {
            assert!(duration(bad).is_err(), "{bad} was accepted");
        }
    }
}
