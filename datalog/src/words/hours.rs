//! Hours of the week in a named time zone: `mon-fri 09:00-17:00 Europe/Berlin`.
//!
//! The IANA time zones are built in, so that a pass means the same on every machine. The machine's own zone is never
//! read. If daylight saving skips or repeats an hour, the wall clock counts.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use time::OffsetDateTime;

/// The days of the week as facts name them, Monday first.
pub(crate) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Days, and the minutes of each day within which something holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hours {
    /// In the order of `DAYS`, each once.
    pub days: Vec<&'static str>,
    /// Minutes since midnight: the first, and the one after the last.
    pub from: i64,
    pub to: i64,
    /// The IANA name, in its own spelling.
    pub zone: String,
}

/// Why a window cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    #[error(
        "`{0}` is not hours: expected DAYS HH:MM-HH:MM ZONE, such as `mon-fri 09:00-17:00 Europe/Berlin`"
    )]
    Form(String),
    #[error("`{0}` is not a time zone: expected an IANA name, such as `Europe/Berlin` or `UTC`")]
    Zone(String),
}

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let wrong = || HoursError::Form(text.chars().take(80).flat_map(char::escape_debug).collect());
        let words: Vec<&str> = text.split_whitespace().collect();
        let [days, times, zone] = words.as_slice() else { return Err(wrong()) };
        let (from, to) = times.split_once('-').ok_or_else(wrong)?;
        let (from, to) = (minutes(from).ok_or_else(wrong)?, minutes(to).ok_or_else(wrong)?);
        if from >= to {
            return Err(wrong());
        }
        let zone = find(zone).ok_or_else(|| HoursError::Zone((*zone).chars().take(40).collect()))?;
        let name = zone.iana_name().ok_or_else(wrong)?.to_owned();
        Ok(Self { days: self::days(days).ok_or_else(wrong)?, from, to, zone: name })
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.days.join(","), between(self.from, self.to), self.zone)
    }
}

/// Days of the week as people write them, in their order: `mon-fri`, `sat,sun`, `daily`.
pub(crate) fn days_text(days: &[&str]) -> String {
    if DAYS.iter().all(|day| days.contains(day)) {
        return "daily".into();
    }
    let runs = DAYS.split(|day| !days.contains(day)).filter(|run| !run.is_empty());
    let words = runs.map(|run| match run {
        [first, _, .., last] => format!("{first}-{last}"),
        _ => run.join(","),
    });
    words.collect::<Vec<_>>().join(",")
}

/// `09:00-17:00`.
pub(crate) fn between(from: i64, to: i64) -> String {
    format!("{}-{}", of_day(from), of_day(to))
}

/// The time of day this many minutes after midnight.
pub(crate) fn of_day(minutes: i64) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn days(text: &str) -> Option<Vec<&'static str>> {
    let place = |name: &str| DAYS.iter().position(|day| *day == name);
    let mut meant = [false; 7];
    let lower = text.to_ascii_lowercase();
    for part in lower.split(',') {
        let (first, last) = match part {
            "daily" => (0, 6),
            _ => match part.split_once('-') {
                Some((first, last)) => (place(first)?, place(last)?),
                None => (place(part)?, place(part)?),
            },
        };
        // `sat-mon` continues past Sunday.
        let length = (last + 7 - first) % 7;
        (0..=length).for_each(|step| {
            if let Some(day) = meant.get_mut((first + step) % 7) {
                *day = true;
            }
        });
    }
    Some(DAYS.iter().zip(meant).filter(|(_, meant)| *meant).map(|(day, _)| *day).collect())
}

fn minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |part: &str| (part.len() == 2).then(|| part.parse::<u8>().ok()).flatten();
    let total = i64::from(two(hours)?) * 60 + i64::from(two(minutes)?);
    (two(minutes)? < 60 && total <= 24 * 60).then_some(total)
}

fn find(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// A time zone that a pass names, looked up once.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub(crate) name: Arc<str>,
    rules: TimeZone,
}

impl Zone {
    /// None for an unknown zone. Then there is no fact, so a check on it fails.
    pub(crate) fn find(name: &Arc<str>) -> Option<Self> {
        find(name).map(|rules| Self { name: name.clone(), rules })
    }

    /// The weekday and the minute of the day in this zone.
    pub(crate) fn local(&self, now: OffsetDateTime) -> Option<(&'static str, i64)> {
        let moment = Timestamp::from_second(now.unix_timestamp()).ok()?.to_zoned(self.rules.clone());
        let day = usize::try_from(moment.weekday().to_monday_zero_offset()).ok()?;
        Some((DAYS.get(day)?, i64::from(moment.hour()) * 60 + i64::from(moment.minute())))
    }
}

/// The last midnight in a zone.
pub(crate) fn midnight(zone: &str, now: OffsetDateTime) -> Result<OffsetDateTime, HoursError> {
    let wrong = || HoursError::Zone(zone.chars().take(40).collect());
    let rules = find(zone).ok_or_else(wrong)?;
    let local = Timestamp::from_second(now.unix_timestamp()).map_err(|_| wrong())?.to_zoned(rules);
    let begins = local.start_of_day().map_err(|_| wrong())?;
    OffsetDateTime::from_unix_timestamp(begins.timestamp().as_second()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn hours_are_read_in_one_form_and_written_back() {
        let hours: Hours = "Mon-Fri 09:00-17:30 europe/berlin".parse().unwrap();
        assert_eq!(hours.to_string(), "mon,tue,wed,thu,fri 09:00-17:30 Europe/Berlin");
        assert_eq!("sat-mon 00:00-24:00 UTC".parse::<Hours>().unwrap().days, ["mon", "sat", "sun"]);
        assert_eq!("daily 08:00-09:00 Asia/Kolkata".parse::<Hours>().unwrap().days.len(), 7);
        for bad in [
            "",
            "mon",
            "mon 9:00-17:00 UTC",
            "mon 17:00-09:00 UTC",
            "mon 09:00-09:00 UTC",
            "mon 09:60-10:00 UTC",
            "mon 00:00-24:01 UTC",
            "mox 09:00-10:00 UTC",
            "mon 09:00-10:00 Mars/Base",
            "mon 09:00-10:00",
            "mon,, 09:00-10:00 UTC",
        ] {
            assert!(bad.parse::<Hours>().is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn the_wall_clock_of_the_zone_counts_across_daylight_saving() {
        let local = |zone: &str, now| Zone::find(&Arc::from(zone)).and_then(|zone| zone.local(now));
        assert_eq!(local("Europe/Berlin", datetime!(2026-07-01 22:30:00 UTC)), Some(("thu", 30)));
        assert_eq!(local("Europe/Berlin", datetime!(2026-12-01 22:30:00 UTC)), Some(("tue", 23 * 60 + 30)));
        assert_eq!(local("Asia/Kolkata", datetime!(2026-12-01 00:00:00 UTC)), Some(("tue", 5 * 60 + 30)));
        assert_eq!(local("No/Where", datetime!(2026-12-01 00:00:00 UTC)), None);
    }
}
