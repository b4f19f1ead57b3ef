//! The people who are signed in to the console: links that work once, and the sessions that they begin.
//!
//! Both are in memory as hashes. Sessions outlive this process, sealed (`store::SessionRow`). Only the browser has the
//! id itself, so nothing read from the disk opens a session. Links do not outlive the process. Time is an argument.
//!
//! Browsers send a cookie to every port of a host. So a session's cookie is bound to a *place*: a path that nobody else
//! on this machine can guess. The cookie alone, or the path alone, opens nothing.

use datalog::ApproverName;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use time::{Duration, OffsetDateTime};

use crate::audit::hex::{hex, unhex};

/// How long a link waits for its person.
pub(super) const LINK: Duration = Duration::minutes(2);
/// The longest life of a session. The next one is the longest life without its person.
pub(super) const LONGEST: Duration = Duration::hours(12);
pub(super) const IDLE: Duration = Duration::hours(1);
/// By how much the stored time of a person's presence may be out of date.
const KEEP: Duration = Duration::minutes(1);

/// More links or sessions than these would be a mistake. The oldest go first.
const MOST_LINKS: usize = 8;
const MOST_SESSIONS: usize = 16;

type Hash = [u8; 32];

/// A person's session, as the console sees it.
#[derive(Clone)]
pub struct Session {
    /// The path segment that the session's cookie is bound to.
    pub place: String,
    /// The token in every form of the session.
    csrf: SecretString,
    pub began: OffsetDateTime,
    /// The name under which the person answers, if they said one.
    pub approver: Option<ApproverName>,
    id: Hash,
}

impl Session {
    /// Returns the text for a form.
    pub fn csrf(&self) -> &str {
        self.csrf.expose_secret()
    }

    /// Whether `text` is the token of this session's forms.
    pub fn is_csrf(&self, text: &str) -> bool {
        self.csrf.expose_secret().as_bytes().ct_eq(text.as_bytes()).into()
    }
}

/// A new session. Its id is shown only here.
pub struct SignedIn {
    pub id: SecretString,
    pub session: Session,
}

/// Whether a request shows that its person is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Person,
    /// A page that refreshes itself.
    PageAlone,
}

/// Three new secrets of a session.
pub(super) struct Fresh {
    pub id: SecretString,
    pub place: String,
    pub csrf: SecretString,
}

struct Link {
    code: Hash,
    ends: OffsetDateTime,
    approver: Option<ApproverName>,
}

/// A link that was used. It may name the approver under whose name its person answers.
pub(super) struct LinkUsed {
    pub approver: Option<ApproverName>,
}

pub(super) struct Open {
    pub session: Session,
    pub seen: OffsetDateTime,
    /// The time of presence that is stored.
    kept: OffsetDateTime,
}

/// The sealed part of a session.
#[derive(Serialize, Deserialize)]
struct SealedSession {
    place: String,
    csrf: String,
    /// The name under which its person answers.
    #[serde(default)]
    approver: Option<ApproverName>,
}

impl Open {
    /// Returns the session in its stored form: the row's name, and the part to seal.
    pub(super) fn told(&self) -> (String, Vec<u8>) {
        let Session { place, csrf, approver, .. } = &self.session;
        let csrf = csrf.expose_secret().to_owned();
        let sealed = SealedSession { place: place.clone(), csrf, approver: approver.clone() };
        // This cannot fail: these are texts.
        (row_of(&self.session), serde_json::to_vec(&sealed).unwrap_or_default())
    }
}

/// Returns the name of a session's row: the hash of its id, in hexadecimal.
pub(super) fn row_of(session: &Session) -> String {
    hex(session.id)
}

/// Links and sessions.
#[derive(Default)]
pub(super) struct Sessions {
    links: Vec<Link>,
    open: Vec<Open>,
}

impl Sessions {
    /// Adds a link. From `now` on a link with this code works once, for two minutes.
    pub(super) fn add_link(
        &mut self,
        code: &SecretString,
        approver: Option<ApproverName>,
        now: OffsetDateTime,
    ) {
        self.links.retain(|link| link.ends > now);
        if self.links.len() >= MOST_LINKS {
            self.links.remove(0);
        }
        self.links.push(Link { code: hash(code.expose_secret()), ends: now.saturating_add(LINK), approver });
    }

    /// Takes the link out, if there is one.
    pub(super) fn take_link(&mut self, code: &str, now: OffsetDateTime) -> Option<LinkUsed> {
        self.links.retain(|link| link.ends > now);
        let code = hash(code);
        let at = self.links.iter().position(|link| link.code == code)?;
        Some(LinkUsed { approver: self.links.remove(at).approver })
    }

    pub(super) fn begin(&mut self, fresh: Fresh, taken: LinkUsed, now: OffsetDateTime) -> SignedIn {
        self.sweep(now);
        if self.open.len() >= MOST_SESSIONS {
            self.open.remove(0);
        }
        let Fresh { id, place, csrf } = fresh;
        let LinkUsed { approver } = taken;
        let session = Session { place, csrf, began: now, approver, id: hash(id.expose_secret()) };
        self.open.push(Open { session: session.clone(), seen: now, kept: now });
        SignedIn { id, session }
    }

    /// Adds a stored session.
    pub(super) fn revive(
        &mut self,
        id: &str,
        sealed: &[u8],
        began: OffsetDateTime,
        seen: OffsetDateTime,
    ) -> Option<()> {
        let SealedSession { place, csrf, approver } = serde_json::from_slice(sealed).ok()?;
        let session = Session { place, csrf: csrf.into(), began, approver, id: unhex(id)? };
        self.open.push(Open { session, seen, kept: seen });
        Some(())
    }

    /// Returns the session in the form in which it is stored.
    pub(super) fn as_kept(&self, session: &Session) -> Option<&Open> {
        self.open.iter().find(|open| open.session.id == session.id)
    }

    /// Returns when the person was last seen, if that is late enough after the stored time to store it again. Then it
    /// counts as stored.
    pub(super) fn is_due(&mut self, session: &Session) -> Option<OffsetDateTime> {
        let open = self.open.iter_mut().find(|open| open.session.id == session.id)?;
        (open.seen - open.kept >= KEEP).then(|| {
            open.kept = open.seen;
            open.seen
        })
    }

    /// Returns the session with this id at this place.
    pub(super) fn find(
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

    /// Whether a session that was found earlier still exists.
    pub(super) fn is_open(&mut self, session: &Session, now: OffsetDateTime) -> bool {
        self.sweep(now);
        self.open.iter().any(|open| open.session.id == session.id)
    }

    pub(super) fn end(&mut self, session: &Session) {
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
        sessions.add_link(&"code".into(), None, NOW);
        sessions.add_link(&"late".into(), None, NOW);
        assert!(sessions.take_link("other", NOW).is_none());
        assert!(sessions.take_link("code", NOW + Duration::seconds(119)).is_some());
        assert!(sessions.take_link("code", NOW + Duration::seconds(119)).is_none(), "a second time");
        assert!(sessions.take_link("late", NOW + LINK).is_none(), "too late");
    }

    #[test]
    fn neither_the_cookie_nor_the_place_alone_opens_a_session() {
        let mut sessions = Sessions::default();
        sessions.begin(fresh("a"), LinkUsed { approver: None }, NOW);
        sessions.begin(fresh("b"), LinkUsed { approver: None }, NOW);
        let mut find = |id: &str, place: &str| sessions.find(id, place, Presence::Person, NOW).is_some();
        assert!(find("id-a", "place-a"));
        assert!(!find("id-a", "place-b"));
        assert!(!find("id-b", "place-a"));
        assert!(!find("id-a", ""));
    }

    #[test]
    fn a_session_ends_without_its_person_and_at_last_with_them() {
        let mut sessions = Sessions::default();
        sessions.begin(fresh("idle"), LinkUsed { approver: None }, NOW);
        // A page that refreshes itself does not show that a person is there.
        let page = NOW + Duration::minutes(59);
        assert!(sessions.find("id-idle", "place-idle", Presence::PageAlone, page).is_some());
        assert!(sessions.find("id-idle", "place-idle", Presence::Person, NOW + IDLE).is_none());

        let busy = sessions.begin(fresh("busy"), LinkUsed { approver: None }, NOW).session;
        for half_hours in 1..24 {
            let now = NOW + Duration::minutes(30) * half_hours;
            assert!(sessions.find("id-busy", "place-busy", Presence::Person, now).is_some(), "{half_hours}");
        }
        assert!(!sessions.is_open(&busy, NOW + LONGEST));
    }

    #[test]
    fn a_session_that_was_kept_is_the_same_and_ends_when_it_would_have() {
        let mut before = Sessions::default();
        let taken = LinkUsed { approver: Some("alice".parse().unwrap()) };
        let session = before.begin(fresh("a"), taken, NOW).session;
        let (row, sealed) = before.as_kept(&session).unwrap().told();
        assert!(!String::from_utf8_lossy(&sealed).contains("id-a") && !row.contains("id-a"));
        let mut after = Sessions::default();
        after.revive(&row, &sealed, NOW, NOW).unwrap();
        let later = NOW + Duration::minutes(59);
        assert!(after.find("id-b", "place-a", Presence::Person, later).is_none());
        let found = after.find("id-a", "place-a", Presence::Person, later).unwrap();
        assert!(found.is_csrf("csrf-a"));
        assert_eq!(found.approver, session.approver, "its person answers as before");
        assert_eq!(after.is_due(&found), Some(later));
        assert_eq!(after.is_due(&found), None, "once a minute is enough");
        assert!(!after.is_open(&found, NOW + LONGEST));
        assert!(after.revive("zz", &sealed, NOW, NOW).is_none());
    }

    #[test]
    fn a_session_that_was_ended_is_gone_and_another_is_not() {
        let mut sessions = Sessions::default();
        let one = sessions.begin(fresh("a"), LinkUsed { approver: None }, NOW).session;
        let two = sessions.begin(fresh("b"), LinkUsed { approver: None }, NOW).session;
        sessions.end(&one);
        assert!(!sessions.is_open(&one, NOW) && sessions.is_open(&two, NOW));
    }

    #[test]
    fn the_oldest_go_where_there_are_too_many() {
        let mut sessions = Sessions::default();
        for n in 0..=MOST_SESSIONS {
            sessions.begin(fresh(&n.to_string()), LinkUsed { approver: None }, NOW);
            sessions.add_link(&format!("code-{n}").into(), None, NOW);
        }
        assert_eq!((sessions.open.len(), sessions.links.len()), (MOST_SESSIONS, MOST_LINKS));
        assert!(sessions.find("id-0", "place-0", Presence::Person, NOW).is_none());
    }

    #[test]
    fn a_form_of_another_session_is_not_this_ones() {
        let mut sessions = Sessions::default();
        let one = sessions.begin(fresh("a"), LinkUsed { approver: None }, NOW).session;
        assert!(one.is_csrf("csrf-a") && !one.is_csrf("csrf-b") && !one.is_csrf(""));
    }
}
