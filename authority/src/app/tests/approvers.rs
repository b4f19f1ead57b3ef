//! The vault vouches for approvers: a person who only writes the database makes nobody an approver.

use datalog::{ApproverKeyPair, ApproverName};
use verifier::ports::Approvals as _;

use super::*;
use crate::app::OpenError;

fn name(text: &str) -> ApproverName {
    text.parse().unwrap()
}

#[tokio::test]
async fn whoever_writes_the_database_makes_nobody_an_approver() {
    let world = World::new().await;
    let app = world.open();
    app.add_approver(&name("anna")).await.unwrap();
    let trusted = app.approver_keys();
    app.close().await;
    drop(app);
    let forged = ApproverKeyPair::from_seed(name("mallory"), [9; 32]).public();
    let anna = world.behind().bytes("SELECT seed FROM approver WHERE name = 'anna'").unwrap();
    let seeds = [
        ("none", None),
        ("junk", Some(vec![7; 60])),
        ("the plain seed", Some(vec![9; 32])),
        ("anna's", Some(anna)),
    ];
    for (what, seed) in seeds {
        let seed = seed.map_or("NULL".into(), |seed: Vec<u8>| blob(&seed));
        world.behind().run(&format!(
            "INSERT INTO approver (name, public, seed, created_at) VALUES ('mallory', {}, {seed}, 0)",
            blob(&forged)
        ));
        match world.open_with(world.config()) {
            Ok(app) => {
                assert_eq!(app.approver_keys(), trusted, "{what}");
                app.close().await;
            }
            Err(OpenError::Approvers(_)) => {}
            Err(error) => panic!("{what}: {error}"),
        }
        world.behind().run("DELETE FROM approver WHERE name = 'mallory'");
    }
    for change in [
        "UPDATE approver SET public = zeroblob(32) WHERE name = 'anna'",
        "UPDATE approver SET name = 'bob' WHERE name = 'anna'",
    ] {
        let behind = world.behind();
        behind.run("CREATE TABLE kept AS SELECT * FROM approver");
        behind.run(change);
        let refused = world.open_with(world.config());
        assert!(matches!(refused, Err(OpenError::Approvers(_))), "{change}");
        behind.run("DELETE FROM approver; INSERT INTO approver SELECT * FROM kept; DROP TABLE kept");
    }
}

#[tokio::test]
async fn an_approver_who_was_retired_is_not_put_back_from_an_older_copy() {
    let world = World::new().await;
    let app = world.open();
    app.add_approver(&name("anna")).await.unwrap();
    let seed = world.behind().bytes("SELECT seed FROM approver WHERE name = 'anna'").unwrap();
    app.retire_approver(&name("anna")).await.unwrap();
    app.close().await;
    drop(app);
    world.behind().run(&format!("UPDATE approver SET seed = {} WHERE name = 'anna'", blob(&seed)));
    let refused = world.open_with(world.config());
    assert!(
        matches!(&refused, Err(OpenError::Approvers(_))),
        "{:?}",
        refused.err().map(|error| error.to_string())
    );
}
