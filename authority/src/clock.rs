//! The time, as an argument.
//!
//! This is the only place that reads the machine's clock. A test uses a clock that moves when the test says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use time::{Duration, OffsetDateTime};

/// Tells the time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until a test moves it.
    Fixed(FixedClock),
}

/// A clock that a test moves. Clones show the same time.
#[derive(Debug, Clone)]
pub struct FixedClock {
    unix_millis: Arc<AtomicI64>,
}

impl Clock {
    pub fn now(&self) -> OffsetDateTime {
        match self {
            Self::System => system_now(),
            Self::Fixed(clock) => clock.now(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn system_now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

impl FixedClock {
    pub fn at(time: OffsetDateTime) -> Self {
        Self { unix_millis: Arc::new(AtomicI64::new(unix_millis(time))) }
    }

    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.whole_milliseconds()).unwrap_or(i64::MAX);
        self.unix_millis.fetch_add(by, Ordering::SeqCst);
    }

    fn now(&self) -> OffsetDateTime {
        from_unix_millis(self.unix_millis.load(Ordering::SeqCst))
    }
}

/// Returns milliseconds since 1970, as the store and the wire count them.
pub(crate) fn unix_millis(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// Returns the time of so many milliseconds; 1970 if no calendar has that time.
pub(crate) fn from_unix_millis(millis: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
