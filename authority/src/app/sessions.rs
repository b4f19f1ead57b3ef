//! Who is signed in to the console: links that work once, and the sessions that they begin.
//!
//! Kept in memory, as hashes: a restart signs everybody out, and nothing that is read from this process's disk
//! opens a session. Time is an argument.
//!
//! Browsers send a cookie to every port of a host, so the cookie of a session is bound to a *place*: a path that
//! nobody else on this machine can guess. Whoever only has the cookie, or only the path, has nothing.

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use time::{Duration, OffsetDateTime};

/// How long a link waits for its person.
pub(super) const LINK: Duration = Duration::minutes(2);
/// The longest that a session lasts, and the longest that it lasts without its person.
pub(super) const LONGEST: Duration = Duration::hours(12);
pub(super) const IDLE: Duration = Duration::hours(1);

/// More would be somebody's mistake; the oldest go first.
const MOST_LINKS: usize = 8;
const MOST_SESSIONS: usize = 16;

type Hash = [u8; 32];

/// A person's session, as the console sees it.
#[derive(Clone)]
pub struct Session {
    /// The path segment that the session's cookie is bound to.
    pub place: String,
    /// What every form of the session carries.
    csrf: SecretString,
    pub began: OffsetDateTime,
    id: Hash,
}

impl Session {
    /// What to write into a form.
    pub fn csrf(&self) -> &str {
        self.csrf.expose_secret()
    }

    /// Whether `text` is what this session's forms carry.
    pub fn is_csrf(&self, text: &str) -> bool {
        self.csrf.expose_secret().as_bytes().ct_eq(text.as_bytes()).into()
    }
}

/// A session that has just begun: the only time that its id is seen.
pub struct SignedIn {
    pub id: SecretString,
    pub session: Session,
}

/// Whether a request shows that its person is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Person,
    /// A page that keeps itself up to date.
    PageAlone,
}

/// Three secrets of a session, fresh.
pub(super) struct Fresh {
    pub id: SecretString,
    pub place: String,
    pub csrf: SecretString,
}

struct Link {
    code: Hash,
    ends: OffsetDateTime,
}

struct Open {
    session: Session,
    seen: OffsetDateTime,
}

/// Links and sessions.
#[derive(Default)]
pub(super) struct Sessions {
    links: Vec<Link>,
    open: Vec<Open>,
}

impl Sessions {
    /// A link with this code works once, for two minutes from `now`.
    pub fn add_link(&mut self, code: &SecretString, now: OffsetDateTime) {
        self.links.retain(|link| link.ends > now);
        if self.links.len() >= MOST_LINKS {
            self.links.remove(0);
        }
        self.links.push(Link { code: hash(code.expose_secret()), ends: now.saturating_add(LINK) });
    }

    /// Takes the link away; whether there was one.
    pub fn take_link(&mut self, code: &str, now: OffsetDateTime) -> bool {
        self.links.retain(|link| link.ends > now);
        let code = hash(code);
        let before = self.links.len();
        self.links.retain(|link| link.code != code);
        self.links.len() < before
    }

    pub fn begin(&mut self, fresh: Fresh, now: OffsetDateTime) -> SignedIn {
        self.sweep(now);
        if self.open.len() >= MOST_SESSIONS {
            self.open.remove(0);
        }
        let Fresh { id, place, csrf } = fresh;
        let session = Session { place, csrf, began: now, id: hash(id.expose_secret()) };
        self.open.push(Open { session: session.clone(), seen: now });
        SignedIn { id, session }
    }

    /// The session of this id at this place.
    pub fn find(
        &mut self,
        id: &str,
        place: &str,
        presence: Presence,
        now: OffsetDateTime,
    ) -> Option<Session> {
        self.sweep(now);
        let id = hash(id);
        let open = self.open.iter_mut().find(|open| open.session.id == id && open.session.place == place)?;
        if presence == Presence::Person {
            open.seen = now;
        }
        Some(open.session.clone())
    }

    /// Whether a session that was found before is still there.
    pub fn is_open(&mut self, session: &Session, now: OffsetDateTime) -> bool {
        self.sweep(now);
        self.open.iter().any(|open| open.session.id == session.id)
    }

    pub fn end(&mut self, session: &Session) {
        self.open.retain(|open| open.session.id != session.id);
    }

    fn sweep(&mut self, now: OffsetDateTime) {
        let lasts = |open: &Open| {
            now < open.session.began.saturating_add(LONGEST) && now < open.seen.saturating_add(IDLE)
        };
        self.open.retain(lasts);
    }
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    fn fresh(name: &str) -> Fresh {
        Fresh {
            id: format!("id-{name}").into(),
            place: format!("place-{name}"),
            csrf: format!("csrf-{name}").into(),
        }
    }

    #[test]
    fn a_link_works_once_and_for_two_minutes() {
        let mut sessions = Sessions::default();
        sessions.add_link(&"code".into(), NOW);
        sessions.add_link(&"late".into(), NOW);
        assert!(!sessions.take_link("other", NOW));
        assert!(sessions.take_link("code", NOW + Duration::seconds(119)));
        assert!(!sessions.take_link("code", NOW + Duration::seconds(119)), "a second time");
        assert!(!sessions.take_link("late", NOW + LINK), "too late");
    }

    #[test]
    fn neither_the_cookie_nor_the_place_alone_opens_a_session() {
        let mut sessions = Sessions::default();
        sessions.begin(fresh("a"), NOW);
        sessions.begin(fresh("b"), NOW);
        let mut find = |id: &str, place: &str| sessions.find(id, place, Presence::Person, NOW).is_some();
        assert!(find("id-a", "place-a"));
        assert!(!find("id-a", "place-b"));
        assert!(!find("id-b", "place-a"));
        assert!(!find("id-a", ""));
    }

    #[test]
    fn a_session_ends_without_its_person_and_at_last_with_them() {
        let mut sessions = Sessions::default();
        sessions.begin(fresh("idle"), NOW);
        // A page that refreshes itself is nobody's presence.
        let page = NOW + Duration::minutes(59);
        assert!(sessions.find("id-idle", "place-idle", Presence::PageAlone, page).is_some());
        assert!(sessions.find("id-idle", "place-idle", Presence::Person, NOW + IDLE).is_none());

        let busy = sessions.begin(fresh("busy"), NOW).session;
        for half_hours in 1..24 {
            let now = NOW + Duration::minutes(30) * half_hours;
            assert!(sessions.find("id-busy", "place-busy", Presence::Person, now).is_some(), "{half_hours}");
        }
        assert!(!sessions.is_open(&busy, NOW + LONGEST));
    }

    #[test]
    fn a_session_that_was_ended_is_gone_and_another_is_not() {
        let mut sessions = Sessions::default();
        let one = sessions.begin(fresh("a"), NOW).session;
        let two = sessions.begin(fresh("b"), NOW).session;
        sessions.end(&one);
        assert!(!sessions.is_open(&one, NOW) && sessions.is_open(&two, NOW));
    }

    #[test]
    fn the_oldest_go_where_there_are_too_many() {
        let mut sessions = Sessions::default();
        for n in 0..=MOST_SESSIONS {
            sessions.begin(fresh(&n.to_string()), NOW);
            sessions.add_link(&format!("code-{n}").into(), NOW);
        }
        assert_eq!((sessions.open.len(), sessions.links.len()), (MOST_SESSIONS, MOST_LINKS));
        assert!(sessions.find("id-0", "place-0", Presence::Person, NOW).is_none());
    }

    #[test]
    fn a_form_of_another_session_is_not_this_ones() {
        let mut sessions = Sessions::default();
        let one = sessions.begin(fresh("a"), NOW).session;
        assert!(one.is_csrf("csrf-a") && !one.is_csrf("csrf-b") && !one.is_csrf(""));
    }
}
