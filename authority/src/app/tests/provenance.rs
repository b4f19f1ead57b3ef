//! The ids that answers have shown are kept until the lineage ends, and no longer.

use datalog::{Known, PassId, Resource, RevocationId};
use verifier::ports::{Learned, Provenance};

use super::*;

fn message(id: &str) -> Resource {
    Resource { kind: "message".into(), id: id.into() }
}

fn lineage(number: u8) -> RevocationId {
    RevocationId::from(&PassId::from_random([number; 16]))
}

fn shown(number: u8, seen: &[&str], created: &[&str]) -> Learned {
    Learned {
        lineage: lineage(number),
        ends: START + Duration::hours(1),
        connection: "gmail".parse().unwrap(),
        seen: seen.iter().map(|id| message(id)).collect(),
        created: created.iter().map(|id| message(id)).collect(),
    }
}

async fn known(app: &App, number: u8, connection: &str) -> Known {
    let all = [message("a"), message("b"), message("c")];
    app.known(&lineage(number), &connection.parse().unwrap(), &all).await.unwrap()
}

#[tokio::test]
async fn what_was_shown_outlasts_a_restart_and_belongs_to_its_lineage_and_connection() {
    let world = World::new().await;
    let app = world.open();
    app.remember(shown(1, &["a"], &[])).await.unwrap();
    app.remember(shown(1, &["a", "b"], &["b"])).await.unwrap();
    // An id that is shown again still counts as created.
    app.remember(shown(1, &["b"], &[])).await.unwrap();
    drop(app);
    let app = world.open();
    let found = known(&app, 1, "gmail").await;
    assert_eq!(found.seen, [message("a"), message("b")].into());
    assert_eq!(found.created, [message("b")].into());
    assert_eq!(known(&app, 2, "gmail").await, Known::default());
    assert_eq!(known(&app, 1, "gmail-work").await, Known::default());
}

#[tokio::test]
async fn what_lineages_were_shown_is_forgotten_once_they_ended() {
    let world = World::new().await;
    let app = world.open();
    app.remember(shown(1, &["a"], &[])).await.unwrap();
    world.clock.advance(Duration::hours(2));
    app.remember(Learned { ends: START + Duration::hours(9), ..shown(2, &["b"], &[]) }).await.unwrap();
    assert_eq!(known(&app, 1, "gmail").await, Known::default());
    assert_eq!(known(&app, 2, "gmail").await.seen, [message("b")].into());
}
