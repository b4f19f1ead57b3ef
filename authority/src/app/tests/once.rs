use std::time::Duration as Wall;

use datalog::RawRequest;
use verifier::ports::{
    ApprovalUse, Audit, CarriedOut, Fate, IntentError, Once, Outcome, Record, RecordId, Repeat, Same,
    SentBefore,
};

use super::*;

const WINDOW: Duration = Duration::minutes(10);
const LINEAGE: &str = "p_AAAAAAAAAAAAAAAAAAAAAA";

/// Returns a request that moves this letter to the trash.
fn same(app: &App, letter: &str) -> Same {
    let catalog = app.catalog();
    let service = catalog.service(&"gmail".parse().unwrap()).unwrap();
    let path = format!("/gmail/v1/users/me/messages/{letter}/trash");
    let account = "alice@example.com".parse().unwrap();
    let request = service.classify(&gmail(), &account, &RawRequest::new("POST", &path)).unwrap();
    let question = request.question(&datalog::lookup::Observed::default(), app.clock().now());
    Same { digest: request.digest(), question }
}

fn trashing(app: &App, letter: &str) -> Record {
    let at = app.clock().now();
    let until = at + WINDOW + Duration::minutes(1);
    let once = Some(Once { until, window: WINDOW, repeat: Repeat::Nothing });
    let Same { digest, question } = same(app, letter);
    Record {
        at,
        once,
        digest: Some(digest),
        question: Some(question),
        ..audit::record("/gmail/v1/users/me/messages/m1/trash", "allow")
    }
}

async fn send(app: &App, letter: &str) -> Result<RecordId, IntentError> {
    app.intent(trashing(app, letter)).await
}

fn failed(carried_out: CarriedOut) -> Outcome {
    Outcome::Failed { code: "upstream-unreachable", carried_out, took: Duration::SECOND }
}

fn aborted(carried_out: CarriedOut) -> Outcome {
    Outcome::Aborted { bytes: 0, carried_out, took: Duration::SECOND }
}

#[track_caller]
fn refused(sent: Result<RecordId, IntentError>) -> SentBefore {
    match sent {
        Err(IntentError::SentBefore(first)) => first,
        other => panic!("it was not refused: {other:?}"),
    }
}

#[tokio::test]
async fn what_may_have_been_carried_out_is_not_sent_again_before_its_time() {
    let world = World::new().await;
    let app = world.open();
    for (letter, outcome, fate) in [
        ("m1", failed(CarriedOut::Perhaps), Fate::Unknown),
        ("m2", aborted(CarriedOut::Perhaps), Fate::Unknown),
        ("m3", failed(CarriedOut::Yes), Fate::CarriedOut),
        ("m4", aborted(CarriedOut::Yes), Fate::CarriedOut),
    ] {
        let first = send(&app, letter).await.unwrap();
        app.outcome(first, outcome);
        let (at, free_at) = (app.clock().now(), app.clock().now() + WINDOW);
        let expected = SentBefore { record: first, at, free_at, fate };
        assert_eq!(refused(send(&app, letter).await), expected);
        let lineage = LINEAGE.parse().unwrap();
        let asked = app.sent_before(&lineage, same(&app, letter), app.clock().now()).await.unwrap();
        assert_eq!(asked, Some(expected), "no person is asked about it either");
        // If a request differs in anything, it is another request.
        send(&app, &format!("{letter}x")).await.unwrap();
        world.clock.advance(WINDOW);
        send(&app, letter).await.unwrap();
    }
}

/// A letter that is built again has another digest, but is the same question.
#[tokio::test]
async fn what_is_built_anew_is_what_was_sent_unless_a_key_makes_the_service_do_it_once() {
    let world = World::new().await;
    let app = world.open();
    for repeat in [Repeat::Nothing, Repeat::UnderItsKey] {
        let letter = format!("{repeat:?}");
        let of = |built: &str| {
            let mut record = trashing(&app, &letter);
            record.once = record.once.map(|once| Once { repeat, ..once });
            record.digest = Some(same(&app, built).digest);
            record
        };
        let first = app.intent(of("first")).await.unwrap();
        app.outcome(first, failed(CarriedOut::Perhaps));
        assert_eq!(refused(app.intent(of("anew")).await).record, first, "{repeat:?}");
        let again = app.intent(of("first")).await;
        match repeat {
            Repeat::Nothing => assert_eq!(refused(again).record, first),
            Repeat::UnderItsKey => {
                let again = again.unwrap();
                app.outcome(again, Outcome::Answered { status: 200, bytes: 2, took: Duration::SECOND });
                app.intent(of("anew")).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn what_was_answered_or_did_nothing_may_be_sent_again_at_once() {
    let world = World::new().await;
    let app = world.open();
    let answered = Outcome::Answered { status: 200, bytes: 2, took: Duration::SECOND };
    for outcome in
        [answered, failed(CarriedOut::No), failed(CarriedOut::NotSent), aborted(CarriedOut::NotSent)]
    {
        let first = send(&app, "m1").await.unwrap();
        app.outcome(first, outcome);
    }
    let mut read = trashing(&app, "m2");
    read.once = None;
    let first = app.intent(read.clone()).await.unwrap();
    app.intent(read.clone()).await.expect("a read is sent while the same read is on its way");
    app.outcome(first, failed(CarriedOut::Perhaps));
    app.intent(read).await.expect("a read is sent again");
}

#[tokio::test]
async fn a_sub_agent_does_not_send_again_what_its_parent_sent_and_another_pass_does() {
    let world = World::new().await;
    let app = world.open();
    let first = send(&app, "m1").await.unwrap();
    app.outcome(first, failed(CarriedOut::Perhaps));
    let mut child = trashing(&app, "m1");
    child.lineage.push("0b".repeat(64).parse().unwrap());
    assert_eq!(refused(app.intent(child).await).record, first);
    let mut other = trashing(&app, "m1");
    other.lineage = vec!["p_BBBBBBBBBBBBBBBBBBBBBA".parse().unwrap()];
    app.intent(other).await.unwrap();
}

#[tokio::test]
async fn an_approval_does_not_send_again_what_may_have_been_carried_out() {
    let world = World::new().await;
    let app = world.open();
    let first = send(&app, "m1").await.unwrap();
    app.outcome(first, failed(CarriedOut::Perhaps));
    let id = datalog::ApprovalId::from_random([7; 16]);
    let digest = "0a".repeat(32).parse().unwrap();
    let approval = Some(ApprovalUse { id, by: Vec::new(), digest, alike: None });
    let approved = Record { approval, ..trashing(&app, "m1") };
    assert_eq!(refused(app.intent(approved).await).record, first);
}

#[tokio::test]
async fn an_unknown_outcome_outlives_a_restart_and_so_does_what_never_had_one() {
    let world = World::new().await;
    let app = world.open();
    let unknown = send(&app, "m1").await.unwrap();
    app.outcome(unknown, failed(CarriedOut::Perhaps));
    let cut_off = send(&app, "m2").await.unwrap();
    app.close().await;
    drop(app);
    let app = world.open();
    assert_eq!(refused(send(&app, "m1").await).record, unknown);
    let first = refused(send(&app, "m2").await);
    assert_eq!(
        (first.record, first.fate),
        (cut_off, Fate::Unknown),
        "nobody waits for an outcome that cannot come"
    );
    world.clock.advance(WINDOW + Duration::minutes(1));
    send(&app, "m1").await.unwrap();
    send(&app, "m2").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_that_are_the_same_one_goes_and_the_others_find_its_record() {
    let world = World::new().await;
    let app = world.open();
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let app = app.clone();
        racers.spawn(async move {
            let sent = send(&app, "m1").await;
            if let Ok(id) = sent {
                // It is still on its way when the others come.
                tokio::time::sleep(Wall::from_millis(50)).await;
                app.outcome(id, failed(CarriedOut::Perhaps));
            }
            sent
        });
    }
    let (sent, found): (Vec<_>, Vec<_>) = racers.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!(sent.len(), 1);
    let id = *sent[0].as_ref().unwrap();
    for one in found {
        let first = refused(one);
        assert_eq!((first.record, first.fate), (id, Fate::Unknown));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_that_are_the_same_each_goes_when_the_one_before_it_was_answered() {
    let world = World::new().await;
    let app = world.open();
    let under_way = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (app, under_way) = (app.clone(), under_way.clone());
        racers.spawn(async move {
            let id = send(&app, "m1").await.unwrap();
            assert_eq!(
                under_way.fetch_add(1, std::sync::atomic::Ordering::SeqCst),
                0,
                "two were under way at once"
            );
            tokio::task::yield_now().await;
            under_way.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            app.outcome(id, Outcome::Answered { status: 200, bytes: 2, took: Duration::SECOND });
        });
    }
    racers.join_all().await;
}
