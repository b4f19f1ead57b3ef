//! What holds after an answer: only the person who said no can undo the no, an answer to a question that is gone is
//! refused, and other words to the same people bring no new question.

use std::collections::BTreeSet;

use datalog::lookup::Observed;
use datalog::{ApprovalId, ApproverName, MintArgs, Request, RevocationId};
use verifier::ports::{ApprovalUse, Approvals, Audit, Opinion, Record};

use super::approvals::Asking;
use super::*;

const TRASH: &str = "/gmail/v1/users/me/messages/m1/trash";

fn name(text: &str) -> ApproverName {
    text.parse().unwrap()
}

/// Returns a desk with three people and one waiting question.
async fn asked(needed: u32) -> (World, Asking, ApprovalId) {
    let world = World::new().await;
    let args = MintArgs { approvers: (needed > 1).then_some(needed), ..MintArgs::default() };
    let asking = Asking::new(&world, args).await;
    for one in ["anna", "bob", "carol"] {
        asking.app.add_approver(&name(one)).await.unwrap();
    }
    let (id, _) = asking.ask(&asking.request(TRASH)).await;
    (world, asking, id)
}

async fn yes(
    asking: &Asking,
    id: &ApprovalId,
    by: &str,
    version: Option<u32>,
) -> Result<ApprovalInfo, AppError> {
    asking.app.approve(id, ApproveArgs { by: Some(name(by)), version, ..ApproveArgs::default() }).await
}

async fn no(
    asking: &Asking,
    id: &ApprovalId,
    by: &str,
    version: Option<u32>,
) -> Result<ApprovalInfo, AppError> {
    let because = Some(format!("{by} would not"));
    asking.app.deny(id, DenyArgs { by: Some(name(by)), because, version, ..DenyArgs::default() }).await
}

async fn reopen(asking: &Asking, id: &ApprovalId, by: &str) -> Result<ApprovalInfo, AppError> {
    asking.app.reopen(id, ReopenArgs { by: Some(name(by)), version: None }).await
}

fn conflict(answer: Result<ApprovalInfo, AppError>) -> String {
    match answer {
        Err(error @ AppError::Conflict(_)) => in_full(error),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_no_is_undone_by_nobody_else_and_says_who_and_why() {
    let (_world, asking, id) = asked(1).await;
    no(&asking, &id, "anna", None).await.unwrap();
    for by in ["bob", "carol", "anna"] {
        let told = conflict(yes(&asking, &id, by, None).await);
        assert!(told.contains("denied by `anna` at 2026-11-22T12:00:00Z: anna would not"), "{told}");
        assert!(told.contains(&format!("hallpass reopen {id} --as anna")), "{told}");
    }
    for by in ["bob", "carol"] {
        conflict(reopen(&asking, &id, by).await);
    }
    assert!(asking.goes(&asking.request(TRASH)).await.is_err());
    let reopened = reopen(&asking, &id, "anna").await.unwrap();
    assert_eq!(reopened.status, ApprovalStanding::Pending);
    assert!(asking.goes(&asking.request(TRASH)).await.is_err(), "an approval does not cover another step");
    let approved = yes(&asking, &id, "bob", None).await.unwrap();
    let said: Vec<_> =
        approved.history.iter().map(|one| (one.by.as_ref().unwrap().as_str(), one.said)).collect();
    assert_eq!(said, [("anna", SaidWord::No), ("anna", SaidWord::Reopened), ("bob", SaidWord::Yes)]);
    asking.goes(&asking.request(TRASH)).await.unwrap();
    let log = asking.app.log(LogQuery { limit: Some(1_000), ..LogQuery::default() }).await.unwrap();
    let log = serde_json::to_string(&log).unwrap();
    for event in ["asked", "approval-denied", "approval-reopened", "approved"] {
        assert_eq!(log.matches(&format!(r#""event":"{event}""#)).count(), 1, "{event}: {log}");
    }
}

#[tokio::test]
async fn of_several_approvers_a_no_in_any_place_sends_nothing() {
    for order in [["carol", "anna", "bob"], ["anna", "carol", "bob"]] {
        let (_world, asking, id) = asked(2).await;
        for by in order {
            let _ = if by == "carol" {
                no(&asking, &id, by, None).await
            } else {
                yes(&asking, &id, by, None).await
            };
        }
        let _ = yes(&asking, &id, "anna", None).await;
        assert_eq!(asking.app.approval(&id).await.unwrap().status, ApprovalStanding::Denied, "{order:?}");
        assert!(asking.goes(&asking.request(TRASH)).await.is_err());
    }
}

#[tokio::test]
async fn what_was_answered_since_it_was_shown_takes_no_answer() {
    let (_world, asking, id) = asked(2).await;
    let shown = asking.app.approval(&id).await.unwrap();
    assert_eq!(shown.version, 1);
    yes(&asking, &id, "anna", Some(1)).await.unwrap();
    let told = conflict(yes(&asking, &id, "bob", Some(1)).await);
    assert!(told.contains("1 of 2 have approved"), "{told}");
    conflict(no(&asking, &id, "carol", Some(1)).await);
    conflict(no(&asking, &id, "carol", Some(3)).await);
    assert_eq!(asking.app.approval(&id).await.unwrap().answers.len(), 1);
    no(&asking, &id, "carol", Some(2)).await.unwrap();
    let told = conflict(yes(&asking, &id, "bob", Some(2)).await);
    assert!(told.contains("denied by `carol`"), "{told}");
}

/// Everybody saw the same version of the page.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_answer_one_page_at_once_one_is_heard() {
    for round in 0..6 {
        let (_world, asking, id) = asked(1).await;
        let asking = Arc::new(asking);
        let mut racing = tokio::task::JoinSet::new();
        for turn in 0..30 {
            let (asking, id) = (asking.clone(), id.clone());
            let by = ["anna", "bob", "carol"][turn % 3];
            racing.spawn(async move {
                match (turn + round) % 2 {
                    0 => yes(&asking, &id, by, Some(1)).await.map(|info| info.status),
                    _ => no(&asking, &id, by, Some(1)).await.map(|info| info.status),
                }
            });
        }
        let heard: Vec<_> = racing.join_all().await.into_iter().filter_map(Result::ok).collect();
        let info = asking.app.approval(&id).await.unwrap();
        assert_eq!((heard.as_slice(), info.history.len(), info.version), ([info.status].as_slice(), 1, 2));
        let log = asking.app.log(LogQuery { limit: Some(1_000), ..LogQuery::default() }).await.unwrap();
        let log = serde_json::to_string(&log).unwrap();
        let answers = log.matches(r#""event":"approved""#).count()
            + log.matches(r#""event":"approval-denied""#).count();
        assert_eq!(answers, 1, "{log}");
    }
}

/// Uses, answers and give-backs come in any order. Nothing is sent without a yes that stands.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn uses_that_race_with_a_no_are_before_it_or_do_not_happen() {
    for _ in 0..6 {
        let (_world, asking, id) = asked(1).await;
        yes(&asking, &id, "anna", None).await.unwrap();
        let asking = Arc::new(asking);
        let mut racing = tokio::task::JoinSet::new();
        for turn in 0..20 {
            let (asking, id) = (asking.clone(), id.clone());
            racing.spawn(async move {
                match turn % 4 {
                    0 => no(&asking, &id, "bob", None).await.is_ok(),
                    1 => yes(&asking, &id, "carol", None).await.is_ok(),
                    _ => uses(&asking, &id).await,
                }
            });
        }
        racing.join_all().await;
        let info = asking.app.approval(&id).await.unwrap();
        assert!(info.uses <= 1);
        match info.status {
            ApprovalStanding::Denied => assert_eq!(info.uses, 0),
            ApprovalStanding::Used => assert_eq!(info.uses, 1),
            other => panic!("{other:?}"),
        }
        assert!(!uses(&asking, &id).await);
    }
}

fn used_as(asking: &Asking, id: &ApprovalId) -> ApprovalUse {
    let request = asking.request(TRASH);
    let digest = request.question(&Observed::default(), asking.app.clock.now());
    ApprovalUse { id: id.clone(), by: Vec::new(), digest, alike: None }
}

async fn uses(asking: &Asking, id: &ApprovalId) -> bool {
    let approval = Some(used_as(asking, id));
    asking.app.intent(Record { approval, ..audit::record(TRASH, "allow") }).await.is_ok()
}

#[tokio::test]
async fn a_yes_that_was_to_be_taken_back_is_not_revived_by_a_request_that_never_left() {
    let (_world, asking, id) = asked(1).await;
    yes(&asking, &id, "anna", None).await.unwrap();
    assert!(uses(&asking, &id).await);
    // The late answer is refused, whichever version the person saw.
    let told = conflict(no(&asking, &id, "bob", Some(1)).await);
    assert!(told.contains("was used before this no"), "{told}");
    asking.app.give_back(&used_as(&asking, &id)).await.unwrap();
    let info = asking.app.approval(&id).await.unwrap();
    assert_eq!((info.status, info.uses), (ApprovalStanding::Denied, 0));
    assert_eq!(info.because.as_deref(), Some("bob would not"));
    assert!(!uses(&asking, &id).await);
    conflict(yes(&asking, &id, "anna", None).await);
    // If nobody took the approval back, it can be used again after it was given back.
    let (_world, asking, id) = asked(1).await;
    yes(&asking, &id, "anna", None).await.unwrap();
    assert!(uses(&asking, &id).await);
    asking.app.give_back(&used_as(&asking, &id)).await.unwrap();
    asking.app.give_back(&used_as(&asking, &id)).await.unwrap();
    assert!(uses(&asking, &id).await);
    assert!(!uses(&asking, &id).await);
}

async fn opinion(asking: &Asking, request: &Request) -> Opinion {
    asking.ask(request).await.1
}

#[tokio::test]
async fn other_words_to_the_same_people_are_answered_by_the_no() {
    let world = World::new().await;
    let asking = Asking::new(&world, MintArgs::default()).await;
    let (id, _) = asking.ask(&asking.letter("bob@example.com", "one")).await;
    let waiting = asking.ask(&asking.letter("bob@example.com", "before the no")).await.0;
    let because = Some("not to bob".into());
    asking.app.deny(&id, DenyArgs { because, ..DenyArgs::default() }).await.unwrap();
    let with = asking.app.approval(&waiting).await.unwrap();
    assert_eq!((with.status, with.because.as_deref()), (ApprovalStanding::Denied, Some("not to bob")));
    for number in 0..10 {
        let variant = asking.letter("bob@example.com", &format!("variant {number}"));
        let told = opinion(&asking, &variant).await;
        assert!(
            matches!(&told, Opinion::DeniedBefore { because: Some(text) } if text == "not to bob"),
            "{told:?}"
        );
        let wider =
            asking.letter(&format!("Bob <BOB@example.com>, x{number}@example.com"), "and more people");
        assert!(matches!(opinion(&asking, &wider).await, Opinion::DeniedBefore { .. }));
    }
    let mut child = asking.question(&asking.letter("bob@example.com", "by a child"));
    child.lineage.push("ab".repeat(64).parse::<RevocationId>().unwrap());
    assert!(matches!(asking.app.ask(child).await.unwrap().opinion, Opinion::DeniedBefore { .. }));
    assert_eq!(
        asking.app.approvals(ApprovalFilter::default()).await.unwrap().len(),
        2,
        "nobody is asked again"
    );
    assert!(matches!(opinion(&asking, &asking.letter("carol@example.com", "one")).await, Opinion::Pending));
    assert!(matches!(opinion(&asking, &asking.request(TRASH)).await, Opinion::Pending), "another operation");
    let other = Asking::with(asking.app.clone(), MintArgs::default()).await;
    assert!(
        matches!(opinion(&other, &other.letter("bob@example.com", "one")).await, Opinion::Pending),
        "another pass"
    );
    // The person takes the no back. Then other words bring a question again.
    asking.app.reopen(&id, ReopenArgs::default()).await.unwrap();
    assert!(matches!(opinion(&asking, &asking.letter("bob@example.com", "again")).await, Opinion::Pending));
}

#[tokio::test]
async fn a_no_to_one_request_alone_lets_other_words_be_asked_about() {
    let world = World::new().await;
    let asking = Asking::new(&world, MintArgs::default()).await;
    let letter = asking.letter("bob@example.com", "one");
    let (id, _) = asking.ask(&letter).await;
    let args = DenyArgs { scope: DenialScope::ThisOne, ..DenyArgs::default() };
    asking.app.deny(&id, args).await.unwrap();
    assert!(matches!(opinion(&asking, &letter).await, Opinion::Denied { .. }));
    let mut child = asking.question(&letter);
    child.lineage.push("ab".repeat(64).parse::<RevocationId>().unwrap());
    assert!(
        matches!(asking.app.ask(child).await.unwrap().opinion, Opinion::DeniedBefore { .. }),
        "the same for a child"
    );
    assert!(matches!(opinion(&asking, &asking.letter("bob@example.com", "two")).await, Opinion::Pending));
}

/// Returns a letter as a client builds it again: another boundary, date and id.
fn built(asking: &Asking, turn: u32) -> Request {
    use base64::Engine;
    let text = format!(
        "Content-Type: multipart/mixed; boundary=\"b{turn}\"\r\nDate: Sun, 22 Nov 2026 12:{turn:02}:00 +0000\r\n\
         Message-ID: <{turn}@client>\r\nTo: bob@example.com\r\n\r\n--b{turn}\r\n\r\nhello\r\n--b{turn}--\r\n"
    );
    let raw = base64::engine::general_purpose::URL_SAFE.encode(text);
    asking.classified("/gmail/v1/users/me/messages/send", format!(r#"{{"raw":"{raw}"}}"#).as_bytes())
}

#[tokio::test]
async fn a_letter_that_is_built_anew_finds_its_approval_and_goes_once() {
    let world = World::new().await;
    let asking = Asking::new(&world, MintArgs::default()).await;
    let ids: BTreeSet<String> =
        [asking.ask(&built(&asking, 1)).await.0, asking.ask(&built(&asking, 2)).await.0]
            .map(|id| id.to_string())
            .into();
    assert_eq!(ids.len(), 1, "one question");
    let id = ids.into_iter().next().unwrap().parse().unwrap();
    asking.approve(&id, ApprovalScope::Once).await.unwrap();
    asking.goes(&built(&asking, 3)).await.unwrap();
    assert!(asking.goes(&built(&asking, 4)).await.is_err(), "one approval sends one request");
    assert!(asking.goes(&built(&asking, 1)).await.is_err());
    let (again, _) = asking.ask(&built(&asking, 5)).await;
    assert_ne!(again, id);
    asking.app.deny(&again, DenyArgs::default()).await.unwrap();
    assert!(matches!(opinion(&asking, &built(&asking, 6)).await, Opinion::Denied { .. }), "a no stands, too");
}

#[tokio::test]
async fn a_question_says_that_its_pass_is_held_and_whether_an_agent_waits() {
    let (_world, asking, id) = asked(1).await;
    let look = async || asking.app.approval(&id).await.unwrap();
    assert_eq!((look().await.held, look().await.waiting_now), (None, 0));
    let waits = [asking.app.held_open(&id), asking.app.held_open(&id)];
    assert_eq!(look().await.waiting_now, 2);
    drop(waits);
    assert_eq!(look().await.waiting_now, 0);
    let pass = StopTarget::Pass(asking.pass.lineage()[0].clone());
    asking
        .app
        .stop_one(StopOneArgs { target: pass.clone(), because: Some("too fast".into()) })
        .await
        .unwrap();
    assert_eq!(look().await.held.as_deref(), Some("the pass is stopped: too fast"));
    asking.app.resume_one(pass).await.unwrap();
    let args = RevokeArgs { ids: vec![asking.pass.lineage()[0].clone()], because: None, even_unknown: false };
    asking.app.revoke(args).await.unwrap();
    assert_eq!(look().await.held.as_deref(), Some("the pass is revoked"));
}
