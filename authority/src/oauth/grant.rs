//! The announced end of a grant: when it was announced, and when to warn.

use time::{Duration, OffsetDateTime};

use crate::store::GrantEnd;

/// Hallpass warns in the last three tenths of a grant's life, so that a grant of seven days does not warn at once;
const WARN_TENTHS: i32 = 3;
/// and not more than this long before the end.
const EARLIEST: Duration = Duration::days(14);
/// If a provider announces the same end again, it may be a little later.
const SAME: Duration = Duration::hours(1);
/// A grant that is shorter than this is renewed by use, so its end is not announced.
const SHORTEST: Duration = Duration::days(1);

impl GrantEnd {
    /// Returns an end that was announced now. If it is the same end as before, the time since when it holds stays.
    pub(crate) fn announced(before: Option<Self>, lifetime: Duration, now: OffsetDateTime) -> Self {
        let ends = now.saturating_add(lifetime);
        let began = match before {
            Some(before) if ends <= before.ends + SAME => before.began,
            _ => now,
        };
        Self { began, ends }
    }

    /// Whether to warn the connection's owner.
    pub(super) fn is_near(self, now: OffsetDateTime) -> bool {
        let life: Duration = self.ends - self.began;
        life >= SHORTEST && now >= self.ends - Duration::min(life * WARN_TENTHS / 10, EARLIEST)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    #[test]
    fn a_grant_of_seven_days_warns_after_five_and_not_at_once() {
        let grant = GrantEnd::announced(None, Duration::seconds(604_799), NOW);
        for (days, expected) in [(0, false), (4, false), (5, true), (7, true)] {
            assert_eq!(grant.is_near(NOW + Duration::days(days)), expected, "{days}");
        }
    }

    #[test]
    fn a_grant_of_half_a_year_warns_two_weeks_before() {
        let grant = GrantEnd::announced(None, Duration::seconds(15_897_600), NOW);
        assert!(!grant.is_near(grant.ends - Duration::days(15)));
        assert!(grant.is_near(grant.ends - Duration::days(13)));
    }

    #[test]
    fn the_same_end_told_again_is_as_near_as_before() {
        let first = GrantEnd::announced(None, Duration::days(7), NOW);
        let later = NOW + Duration::days(5);
        let again = GrantEnd::announced(Some(first), Duration::days(2), later);
        assert_eq!((again.began, again.is_near(later)), (NOW, true));
        let renewed = GrantEnd::announced(Some(first), Duration::days(7), later);
        assert_eq!((renewed.began, renewed.is_near(later)), (later, false));
    }

    #[test]
    fn a_grant_that_use_renews_is_never_near_its_end() {
        let grant = GrantEnd::announced(None, Duration::minutes(30), NOW);
        assert!(!grant.is_near(grant.ends));
    }
}
