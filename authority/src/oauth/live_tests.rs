//! One connection in memory: the plan for a lease, and which generation counts.

use super::*;
use secrecy::SecretString;

const NOW: OffsetDateTime = time::macros::datetime!(2026-11-30 12:00 UTC);

fn known(generation: u64, expires: OffsetDateTime) -> OpenedGeneration {
    let token = || SecretString::from("token");
    OpenedGeneration {
        access: token(),
        refresh: Some(token()),
        generation,
        obtained: NOW,
        expires: Some(expires),
        scopes: Vec::new(),
        grant: None,
    }
}

fn state(known: OpenedGeneration) -> LiveState {
    LiveState {
        concerns: Vec::new(),
        known: Some(known),
        jitter: 0,
        rejected: false,
        rejections_until: None,
        flight: None,
        pause: None,
        failures: 0,
        told: Vec::new(),
        unsaved: None,
    }
}

#[test]
fn whoever_is_told_to_refresh_has_joined_the_flight_already() {
    let mut state = state(known(1, NOW));
    let Plan::Refresh(first) = state.plan(OldAccess::LivesOn, NOW) else { panic!("the token is over") };
    let Plan::Refresh(second) = state.plan(OldAccess::LivesOn, NOW) else { panic!("the token is over") };
    assert!(first.opened.is_some() && second.opened.is_none(), "one of them flies it");
    // The flight ends before the second caller begins to wait for it.
    state.succeeded(known(2, NOW + Duration::HOUR));
    drop(first);
    assert!(second.ended.has_changed().is_err(), "its own flight has ended, and it opens none");
    assert!(
        matches!(state.plan(OldAccess::LivesOn, NOW), Plan::Use(credential) if credential.generation == 2)
    );
}

#[test]
fn what_was_read_before_a_newer_token_was_written_does_not_replace_it() {
    let mut state = state(known(3, NOW + Duration::HOUR));
    state.succeeded(known(2, NOW));
    assert_eq!(state.known.map(|known| known.generation), Some(3));
}
