//! Requests without a valid pass cannot grow the log as fast as they come.

use verifier::ports::{Audit, Record, RecordId};

use super::audit::record;
use super::*;

fn unknown(code: &'static str) -> Record {
    Record { lineage: Vec::new(), task: None, connection: None, operation: None, ..record("/", code) }
}

async fn refusals(app: &App, code: &'static str, times: usize) -> Vec<Option<RecordId>> {
    let mut ids = Vec::new();
    for _ in 0..times {
        ids.push(app.refusal(unknown(code)).await.unwrap());
    }
    ids
}

/// Returns the records after the root key's.
async fn said(app: &App) -> Vec<String> {
    app.store.settle().await.unwrap();
    let log = app.log(LogQuery { after: Some(1), ..LogQuery::default() }).await.unwrap();
    let words = |record: &LogRecord| {
        let entry = serde_json::to_value(record).unwrap();
        format!(
            "{} {} {}",
            entry["kind"].as_str().unwrap(),
            entry["decision"].as_str().unwrap(),
            entry["more"]
        )
    };
    log.iter().map(words).collect()
}

#[tokio::test]
async fn refusals_without_a_pass_are_counted_into_one_record_a_second() {
    let world = World::new().await;
    let app = world.open();
    let ids = refusals(&app, "pass-missing", 215).await;
    assert!(ids.iter().all(|id| *id == Some(RecordId(2))), "each gets the record of the first one");
    refusals(&app, "pass-invalid", 2).await;
    assert_eq!(said(&app).await, ["refusal pass-missing null", "refusal pass-invalid null"]);
    world.clock.advance(Duration::seconds(1));
    refusals(&app, "pass-missing", 1).await;
    assert_eq!(
        said(&app).await[2..],
        ["counted pass-missing 214".to_owned(), "refusal pass-missing null".to_owned()]
    );
    app.close().await;
    assert_eq!(said(&app).await[4..], ["counted pass-invalid 1".to_owned()], "nothing is lost at the end");
    assert_eq!(app.verify_log().await.unwrap().first_bad, None);
}

#[tokio::test]
async fn what_was_counted_is_written_when_its_second_is_over() {
    let world = World::new().await;
    let app = world.open();
    refusals(&app, "pass-missing", 3).await;
    app.write_counted(app.flood.over(app.clock.now()));
    assert_eq!(said(&app).await.len(), 1, "the second has not passed");
    world.clock.advance(Duration::seconds(2));
    app.write_counted(app.flood.over(app.clock.now()));
    assert_eq!(said(&app).await[1..], ["counted pass-missing 2".to_owned()]);
}

#[tokio::test]
async fn every_refusal_under_a_pass_has_a_record_of_its_own() {
    let world = World::new().await;
    let app = world.open();
    for _ in 0..20 {
        app.refusal(record("/", "denied")).await.unwrap();
    }
    assert_eq!(said(&app).await.len(), 20);
}
