//! The time of day, as an argument.
//!
//! This is the one file of the gateway that reads the clock. All other code gets a `Clock` or a moment. If somebody
//! sets the clock back, an ended pass does not count again.

use std::sync::atomic::{AtomicI64, Ordering};

use time::OffsetDateTime;

/// The time, in UTC.
pub trait Clock: Send + Sync {
    fn now(&self) -> OffsetDateTime;
}

/// The machine's clock, which never goes back.
#[derive(Debug, Default)]
pub struct SystemClock {
    /// Nanoseconds since 1970: good until the year 2262.
    latest: AtomicI64,
}

impl SystemClock {
    fn not_before_the_latest(&self, read: OffsetDateTime) -> OffsetDateTime {
        let nanos = i64::try_from(read.unix_timestamp_nanos()).unwrap_or(i64::MAX);
        let latest = self.latest.fetch_max(nanos, Ordering::Relaxed);
        if latest <= nanos {
            return read;
        }
        OffsetDateTime::from_unix_timestamp_nanos(latest.into()).unwrap_or(read)
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place of the gateway that reads the clock")]
    fn now(&self) -> OffsetDateTime {
        self.not_before_the_latest(OffsetDateTime::now_utc())
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn a_clock_that_is_set_back_stands_still_until_it_has_caught_up() {
        let clock = SystemClock::default();
        let start = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        assert_eq!(clock.not_before_the_latest(start), start);
        assert_eq!(clock.not_before_the_latest(start - Duration::days(1)), start);
        assert_eq!(clock.not_before_the_latest(start - Duration::nanoseconds(1)), start);
        let later = start + Duration::nanoseconds(1);
        assert_eq!(clock.not_before_the_latest(later), later);
    }
}
