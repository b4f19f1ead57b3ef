//! Questions for people, their answers, and the use of a yes.

use datalog::{ApprovalId, PassId, RevocationId};
use time::Duration;

use super::approvers::{approver, retired};
use super::*;
use crate::question::{Answer, Bar, Refused, Says};
use crate::store::approval::Written;
use crate::vault::Sealed;

const END: OffsetDateTime = datetime!(2026-11-22 18:00 UTC);
const BOUNDS: Bounds = Bounds { of_pass: 3, of_all: 4 };

fn id(byte: u8) -> ApprovalId {
    ApprovalId::from_random([byte; 16])
}

fn holder(byte: u8) -> RevocationId {
    (&PassId::from_random([byte; 16])).into()
}

/// Returns the question with this byte, of the pass 1. It reaches people whom no other question reaches.
fn ask(byte: u8) -> NewApproval {
    NewApproval {
        id: id(byte),
        lineage: vec![holder(1)],
        task: "a task".into(),
        connection: "gmail".parse().unwrap(),
        operation: "gmail.users.messages.send".into(),
        digest: format!("digest {byte}"),
        alike: Some("alike".into()),
        people: vec![format!("person-{byte}")],
        request: vec![1, 2, 3],
        shown: Sealed(vec![5]),
        needed: 1,
        approvers: Vec::new(),
        asked: NOW,
        expires: NOW + Duration::hours(1),
        pass_ends: END,
    }
}

fn answer(by: &str, says: Says) -> Answer {
    Answer { by: by.parse().unwrap(), at: NOW, seen: None, says }
}

fn yes(by: &str, reach: ApprovalReach, times: Option<u32>) -> Answer {
    let grant = Grant { reach, times, until: NOW + Duration::hours(1) };
    answer(by, Says::Yes { block: vec![9], grant })
}

fn no(by: &str, bar: Bar) -> Answer {
    answer(by, Says::No { because: Some("no".into()), bar })
}

fn written() -> Written {
    Box::new(|_| event(Event::Approved))
}

async fn put(store: &dyn Store, ask: NewApproval) -> Put {
    store.asked(ask, BOUNDS, event(Event::Asked)).await.unwrap()
}

async fn done(store: &dyn Store, byte: u8, answer: Answer) -> ApprovalRow {
    match store.answered(id(byte), answer, written()).await.unwrap() {
        AnswerTaken::Done(row) => *row,
        _ => panic!("the answer to {byte} was not taken"),
    }
}

async fn status(store: &dyn Store, byte: u8) -> ApprovalStatus {
    store.approval(&id(byte), NOW).await.unwrap().unwrap().question.status
}

/// Whether an intent goes out with the question's approval.
async fn uses(store: &dyn Store, byte: u8, digest: &str) -> bool {
    let line = Line { text: "{}".into(), beside: None };
    let using = Use { id: id(byte), digest: digest.into(), alike: Some("alike".into()), at: NOW };
    match store.intended(line, Vec::new(), Some(using), None).await.unwrap() {
        Intended::Written(_) => true,
        Intended::ApprovalUsed => false,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn tell(store: &dyn Store) {
    for name in ["anna", "bob"] {
        store.approver_created(approver(name), event(Event::ApproverCreated)).await.unwrap();
    }
    questions(store).await;
    one_use(store).await;
    noes(store).await;
    alike(store).await;
    retirement(store).await;
}

async fn questions(store: &dyn Store) {
    assert!(matches!(put(store, ask(1)).await, Put::New(row) if row.id == id(1)));
    let before = records(store).await;
    let again = NewApproval { id: id(99), ..ask(1) };
    assert!(matches!(put(store, again).await, Put::Found(row) if row.id == id(1)), "the same one");
    assert_eq!(records(store).await, before, "which is not written again");
    put(store, ask(2)).await;
    put(store, ask(3)).await;
    assert!(matches!(put(store, ask(4)).await, Put::TooMany { waiting: 3 }), "of one pass");
    let row = store.approval(&id(1), NOW).await.unwrap().unwrap();
    assert_eq!((row.task.as_str(), row.digest.as_str(), row.people), ("a task", "digest 1", ask(1).people));
    assert_eq!((row.request, row.shown.map(|shown| shown.0)), (vec![1, 2, 3], Some(vec![5])));
    assert!(store.approval(&id(77), NOW).await.unwrap().is_none());
    let all = ApprovalQuery { status: None, holder: None, pass: None, limit: 10, now: NOW };
    let ids = async |query: ApprovalQuery| -> Vec<ApprovalId> {
        store.approvals(query).await.unwrap().into_iter().map(|row| row.id).collect()
    };
    assert_eq!(ids(all.clone()).await, [id(3), id(2), id(1)], "the newest first");
    assert_eq!(ids(ApprovalQuery { limit: 1, ..all.clone() }).await, [id(3)]);
    assert_eq!(ids(ApprovalQuery { holder: Some(holder(1)), ..all.clone() }).await.len(), 3);
    assert_eq!(ids(ApprovalQuery { pass: Some(holder(2)), ..all.clone() }).await, []);
    let ended = ApprovalQuery { status: Some(ApprovalStatus::Expired), now: END, ..all };
    assert_eq!(ids(ended).await.len(), 3, "whether or not anybody wrote so");
}

async fn one_use(store: &dyn Store) {
    assert!(!uses(store, 1, "digest 1").await, "nobody has said yes");
    let nobody = store.answered(id(1), yes("carol", ApprovalReach::Exact, Some(1)), written()).await.unwrap();
    assert!(matches!(nobody, AnswerTaken::Retired), "no key is known of her");
    let unknown =
        store.answered(id(77), yes("anna", ApprovalReach::Exact, Some(1)), written()).await.unwrap();
    assert!(matches!(unknown, AnswerTaken::NotFound));
    let before = records(store).await;
    let row = done(store, 1, yes("anna", ApprovalReach::Exact, Some(1))).await;
    assert_eq!((row.question.status, row.question.version), (ApprovalStatus::Approved, 2));
    assert_eq!(records(store).await, before + 1);
    let kept = store.approval(&id(1), NOW).await.unwrap().unwrap();
    assert_eq!(kept.question, row.question, "it is read as it was kept");
    assert!(!uses(store, 1, "digest 2").await, "it is for another request");
    assert!(uses(store, 1, "digest 1").await);
    assert!(!uses(store, 1, "digest 1").await, "once");
    assert_eq!(status(store, 1).await, ApprovalStatus::Used);
    store.approval_returned(id(1)).await.unwrap();
    assert_eq!(status(store, 1).await, ApprovalStatus::Approved, "the request never left");
    assert!(uses(store, 1, "digest 1").await);
    let late = store.answered(id(1), no("bob", Bar::Exact), written()).await.unwrap();
    assert!(matches!(late, AnswerTaken::TooLate(_)));
    store.approval_returned(id(1)).await.unwrap();
    assert_eq!(status(store, 1).await, ApprovalStatus::Denied, "the no that came too late holds it back");
}

async fn noes(store: &dyn Store) {
    // This question waits. It reaches the people whom question 2 reaches.
    put(store, NewApproval { people: ask(2).people, ..ask(5) }).await;
    let row = done(store, 2, no("anna", Bar::People)).await;
    assert_eq!(row.question.status, ApprovalStatus::Denied);
    assert_eq!(status(store, 5).await, ApprovalStatus::Denied, "a no to people answers what reaches them");
    let other_words = NewApproval { people: ask(2).people, ..ask(6) };
    assert!(matches!(put(store, other_words).await, Put::Barred(row) if row.id == id(2)));
    let child = NewApproval { lineage: vec![holder(1), holder(2)], id: id(7), ..ask(2) };
    assert!(matches!(put(store, child).await, Put::Barred(_)), "a child is told the same");
    let reopen = |by: &str| answer(by, Says::Reopen { until: NOW + Duration::hours(1) });
    match store.answered(id(2), reopen("bob"), written()).await.unwrap() {
        AnswerTaken::Refused(Refused::NotTheirs, row) => assert_eq!(row.id, id(2)),
        _ => panic!("only anna takes her no back"),
    }
    assert_eq!(done(store, 2, reopen("anna")).await.question.status, ApprovalStatus::Pending);
    let stale = Answer { seen: Some(1), ..yes("bob", ApprovalReach::Exact, Some(1)) };
    let taken = store.answered(id(2), stale, written()).await.unwrap();
    assert!(matches!(taken, AnswerTaken::Refused(Refused::AnotherVersion, _)));
}

async fn alike(store: &dyn Store) {
    done(store, 2, yes("bob", ApprovalReach::Alike, None)).await;
    assert_eq!(status(store, 3).await, ApprovalStatus::Covered, "a yes to what is alike covers what waits");
    assert!(matches!(put(store, ask(8)).await, Put::Found(row) if row.id == id(2)));
    assert!(uses(store, 2, "digest 8").await && uses(store, 2, "digest 9").await, "as often as it likes");
    let settled = store.approval(&id(3), NOW).await.unwrap().unwrap();
    assert!(settled.shown.is_none(), "what was shown goes with the question");
}

async fn retirement(store: &dyn Store) {
    let until = NOW + Duration::hours(2);
    store.approver_retired("bob".parse().unwrap(), until, retired("bob")).await.unwrap();
    let row = store.approval(&id(2), NOW).await.unwrap().unwrap();
    assert_eq!(
        (row.question.status, row.question.expires),
        (ApprovalStatus::Pending, until),
        "it waits anew"
    );
    assert!(!uses(store, 2, "digest 2").await);
}
