//! One generation of a connection's tokens, and what follows from its times.

use secrecy::SecretString;
use time::{Duration, OffsetDateTime};
use verifier::ports::Credential;

use crate::health::Concern;
use crate::store::GrantEnd;
use crate::when;

/// If a token ends sooner than this, it is not lent.
const SKEW: Duration = Duration::seconds(10);
/// The longest time before its end at which a token may be replaced.
const EARLY: Duration = Duration::minutes(5);

/// One generation of tokens, opened.
#[derive(Clone)]
pub(crate) struct OpenedGeneration {
    pub access: SecretString,
    pub refresh: Option<SecretString>,
    pub generation: u64,
    pub obtained: OffsetDateTime,
    pub expires: Option<OffsetDateTime>,
    pub scopes: Vec<String>,
    pub grant: Option<GrantEnd>,
}

impl OpenedGeneration {
    pub(crate) fn credential(&self) -> Credential {
        Credential { token: self.access.clone(), generation: self.generation, expires: self.expires }
    }

    pub(super) fn is_over(&self, now: OffsetDateTime) -> bool {
        self.expires.is_some_and(|end| now + SKEW.min(self.lifetime() / 20) >= end)
    }

    /// Returns the concern that follows from the time alone, if there is one.
    pub(super) fn concern(&self, now: OffsetDateTime) -> Option<Concern> {
        let is_over = self.is_over(now);
        let ended = |because: String| Some(Concern::needs_reconnect(because));
        match self.grant {
            _ if is_over && self.refresh.is_none() => {
                ended("its token has ended, and the provider gave none to renew it with".into())
            }
            Some(grant) if is_over && grant.ends <= now => {
                ended(format!("the grant ended at {}, as the provider had announced", when::at(grant.ends)))
            }
            Some(grant) if grant.is_near(now) => Some(Concern::GrantEnds { at: grant.ends }),
            _ => None,
        }
    }

    fn lifetime(&self) -> Duration {
        self.expires.map_or(Duration::ZERO, |end| (end - self.obtained).max(Duration::ZERO))
    }

    /// Whether the token is in the last tenth of its life, or in its last minutes. The jitter moves the point at which
    /// that begins.
    pub(super) fn is_early(&self, now: OffsetDateTime, jitter: u8) -> bool {
        let margin = Duration::min(self.lifetime() / 10, EARLY);
        let moved = margin / 2 + margin * i32::from(jitter) / 512;
        self.expires.is_some_and(|end| now >= end - moved)
    }
}
