use proptest::prelude::*;
use time::Duration;
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
const END: OffsetDateTime = datetime!(2026-11-22 18:00 UTC);

fn name(text: &str) -> ApproverName {
    text.parse().unwrap()
}

fn question(needed: u32) -> Question {
    Question::new(needed, Vec::new(), NOW + Duration::hours(1), END)
}

fn grant(reach: ApprovalReach, times: Option<u32>) -> Grant {
    Grant { reach, times, until: NOW + Duration::hours(1) }
}

fn says(by: &str, seen: Option<u32>, says: Says) -> Happening {
    Happening::Answered(Answer { by: name(by), at: NOW, seen, says })
}

fn yes(by: &str) -> Happening {
    says(by, None, Says::Yes { block: by.as_bytes().to_vec(), grant: grant(ApprovalReach::Exact, Some(1)) })
}

fn no(by: &str) -> Happening {
    says(by, None, Says::No { because: Some(format!("{by} said so")), bar: Bar::People })
}

fn reopen(by: &str) -> Happening {
    says(by, None, Says::Reopen { until: NOW + Duration::hours(1) })
}

const USED: Happening = Happening::Used { at: NOW };

/// Returns the state after all events. Each event must be taken.
fn after(question: &Question, all: &[Happening]) -> Question {
    all.iter().fold(question.clone(), |question, happening| match question.after(happening) {
        Ok(Next::Now(next) | Next::TooLate(next)) => next,
        Err(refused) => panic!("{happening:?}: {refused:?} of {question:?}"),
    })
}

#[test]
fn a_no_ends_it_and_nobody_elses_yes_takes_that_back() {
    let carol_said_no = after(&question(1), &[no("carol")]);
    for by in ["anna", "bob", "carol"] {
        assert_eq!(carol_said_no.after(&yes(by)), Err(Refused::Settled), "{by}");
    }
    for by in ["anna", "bob"] {
        assert_eq!(carol_said_no.after(&reopen(by)), Err(Refused::NotTheirs), "{by}");
        assert_eq!(carol_said_no.after(&no(by)), Err(Refused::Settled), "{by}");
    }
    let reopened = after(&carol_said_no, &[reopen("carol")]);
    assert_eq!((reopened.status, reopened.version), (ApprovalStatus::Pending, 3));
    let approved = after(&reopened, &[yes("bob")]);
    assert_eq!(approved.status, ApprovalStatus::Approved);
    let words: Vec<_> =
        approved.said.iter().map(|said| (said.by.as_ref().unwrap().as_str(), said.stands)).collect();
    assert_eq!(words, [("carol", false), ("carol", false), ("bob", true)], "both answers are kept");
}

#[test]
fn of_several_approvers_any_no_ends_it_and_all_are_asked_anew() {
    let question = question(2);
    let mixed = after(&question, &[yes("anna"), no("carol")]);
    assert_eq!(mixed.status, ApprovalStatus::Denied);
    assert_eq!(mixed.approved_by().count(), 0);
    let reopened = after(&mixed, &[reopen("carol"), yes("bob")]);
    assert_eq!(reopened.status, ApprovalStatus::Pending, "what anna said before does not count any more");
    assert_eq!(after(&reopened, &[yes("anna")]).status, ApprovalStatus::Approved);
    assert_eq!(after(&question, &[yes("anna")]).after(&yes("anna")), Err(Refused::SaidBefore));
}

#[test]
fn a_page_that_is_out_of_date_answers_nothing() {
    let question = question(2);
    let next = after(&question, &[yes("anna")]);
    for stale in [
        says("bob", Some(1), Says::Yes { block: Vec::new(), grant: grant(ApprovalReach::Exact, Some(1)) }),
        says("bob", Some(1), Says::No { because: None, bar: Bar::Exact }),
    ] {
        assert_eq!(next.after(&stale), Err(Refused::AnotherVersion));
    }
    let denied = after(&next, &[no("carol")]);
    let stale = says("carol", Some(2), Says::Reopen { until: END });
    assert_eq!(denied.after(&stale), Err(Refused::AnotherVersion));
}

#[test]
fn a_no_that_comes_too_late_is_kept_and_holds_back_what_is_given_back() {
    let used = after(&question(1), &[yes("anna"), USED]);
    let Ok(Next::TooLate(late)) = used.after(&no("bob")) else { panic!("{used:?}") };
    assert_eq!(late.status, ApprovalStatus::Used);
    let back = after(&late, &[Happening::Returned]);
    assert_eq!(back.status, ApprovalStatus::Denied);
    assert_eq!(back.denial().and_then(|said| said.by.clone()), Some(name("bob")));
    assert_eq!(back.after(&USED), Err(Refused::Nothing));
    assert_eq!(after(&used, &[Happening::Returned]).status, ApprovalStatus::Approved);
}

#[test]
fn a_yes_of_somebody_who_was_retired_is_none() {
    let retired = |by| Happening::Retired { by: name(by), until: NOW + Duration::hours(2) };
    let approved = after(&question(2), &[yes("anna"), yes("bob")]);
    let left = after(&approved, &[retired("bob")]);
    assert_eq!(left.status, ApprovalStatus::Pending);
    assert_eq!(left.approved_by().count(), 1);
    assert_eq!(left.after(&retired("bob")), Err(Refused::Nothing));
    assert_eq!(after(&left, &[yes("carol")]).status, ApprovalStatus::Approved);
}

/// Returns one event. Its version was seen now or earlier, or is not named.
fn happening() -> impl Strategy<Value = (u8, u8, u8)> {
    (0u8..7, 0u8..3, 0u8..4)
}

fn made((what, who, seen): (u8, u8, u8), version: u32) -> Happening {
    let by = ["anna", "bob", "carol"][usize::from(who)];
    let seen = match seen {
        0 => None,
        1 | 2 => Some(version),
        _ => Some(version.saturating_sub(1)),
    };
    let reach = if who == 0 { ApprovalReach::Alike } else { ApprovalReach::Exact };
    match what {
        0 | 1 => says(by, seen, Says::Yes { block: vec![who], grant: grant(reach, Some(2)) }),
        2 => says(by, seen, Says::No { because: None, bar: Bar::People }),
        3 => says(by, seen, Says::Reopen { until: NOW + Duration::hours(1) }),
        4 => USED,
        5 => Happening::Returned,
        _ => Happening::Retired { by: name(by), until: NOW + Duration::hours(1) },
    }
}

proptest! {
    #[test]
    fn nothing_goes_without_enough_that_stand_after_the_last_no(
        needed in 1u32..4,
        all in prop::collection::vec(happening(), 1..40),
    ) {
        let mut question = question(needed);
        let mut denier: Option<ApproverName> = None;
        for one in all {
            let happening = made(one, question.version);
            let before = question.clone();
            let next = match question.after(&happening) {
                Ok(Next::Now(next) | Next::TooLate(next)) => next,
                Err(_) => continue,
            };
            // What people said stays.
            prop_assert!(next.said.len() >= before.said.len());
            for (old, new) in before.said.iter().zip(&next.said) {
                prop_assert_eq!((&old.by, &old.word), (&new.by, &new.word));
                prop_assert!(old.stands || !new.stands);
            }
            prop_assert_eq!(next.said == before.said, next.version == before.version);
            if let Happening::Answered(answer) = &happening {
                let late = before.status == ApprovalStatus::Used;
                prop_assert!(late || answer.seen.is_none_or(|seen| seen == before.version));
            }
            // Only the person who said no takes it back.
            if let Some(who) = &denier {
                let taken_back = matches!(&happening, Happening::Answered(Answer { by, says: Says::Reopen { .. }, .. }) if by == who);
                prop_assert!(taken_back || next.status == ApprovalStatus::Denied, "{:?}", happening);
            }
            denier = next.denial().and_then(|said| said.by.clone());
            prop_assert_eq!(denier.is_some(), next.status == ApprovalStatus::Denied);
            // Enough different people stand behind every request that may go.
            let people: std::collections::BTreeSet<_> = next.approved_by().map(|(by, ..)| by.clone()).collect();
            if matches!(next.status, ApprovalStatus::Approved | ApprovalStatus::Used) {
                prop_assert!(people.len() >= needed as usize);
            }
            if matches!(happening, Happening::Used { .. }) {
                prop_assert_eq!(before.status, ApprovalStatus::Approved);
            }
            question = next;
        }
    }
}
