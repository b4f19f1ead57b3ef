//! What ended long ago is forgotten, and nothing is forgotten before it has ended.

use datalog::{Narrowing, flags};

use super::*;

fn lasting(duration: &str) -> MintArgs {
    MintArgs {
        narrow: Narrowing::default()
            .with(&flags::FOR, [duration])
            .with(&flags::LIMIT, ["gmail.users.messages.get=10"]),
        ..mint_args()
    }
}

/// Takes one use from a budget of this pass or block.
async fn use_budget(app: &App, of: &str) {
    use crate::audit::{Event, EventEntry};
    let line = EventEntry::on_everything(Event::Resumed).at(START);
    let reservation = budgets::of(&format!("{of}/gets"), 1, 10);
    app.store.intended(line, vec![reservation], None, None).await.unwrap();
}

fn rows(world: &World, table: &str) -> u64 {
    world.behind().count(table)
}

const BLOCK: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn what_ended_a_month_ago_is_forgotten() {
    let world = World::new().await;
    let app = world.connected().await;
    let pass = app.mint(lasting("1h")).await.unwrap().info.id;
    use_budget(&app, pass.as_str()).await;
    let ids = vec![(&pass).into(), BLOCK.parse().unwrap()];
    app.revoke(RevokeArgs { ids, because: None, even_unknown: false }).await.unwrap();
    world.clock.advance(Duration::days(30) + Duration::minutes(59));
    assert_eq!(app.prune().await.unwrap().passes, 0, "in a minute it will have ended 30 days ago");
    assert_eq!((rows(&world, "pass"), rows(&world, "revocation"), rows(&world, "budget")), (1, 2, 1));
    world.clock.advance(Duration::minutes(2));
    let pruned = app.prune().await.unwrap();
    assert_eq!((pruned.passes, pruned.revocations, pruned.budgets), (1, 2, 1));
    assert_eq!((rows(&world, "pass"), rows(&world, "revocation"), rows(&world, "budget")), (0, 0, 0));
}

#[tokio::test]
async fn the_revocation_of_a_block_stays_as_long_as_a_pass_that_it_could_be_under() {
    let world = World::new().await;
    let app = world.connected().await;
    let long = app.mint(lasting("90d")).await.unwrap().info.id;
    world.clock.advance(HOUR);
    app.revoke(RevokeArgs { ids: vec![BLOCK.parse().unwrap()], because: None, even_unknown: false })
        .await
        .unwrap();
    world.clock.advance(HOUR);
    // This pass was minted after the revocation, so the revocation cannot be about its blocks.
    app.mint(lasting("300d")).await.unwrap();
    world.clock.advance(Duration::days(100));
    assert_eq!(app.prune().await.unwrap().revocations, 0, "{long} and the passes below it are remembered");
    world.clock.advance(Duration::days(30));
    let pruned = app.prune().await.unwrap();
    assert_eq!((pruned.passes, pruned.revocations), (1, 1));
}

#[tokio::test]
async fn the_revocation_of_a_pass_that_is_not_on_record_is_kept() {
    let world = World::new().await;
    let app = world.open();
    let unknown = "p_AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
    app.revoke(RevokeArgs { ids: vec![unknown], because: None, even_unknown: true }).await.unwrap();
    world.clock.advance(Duration::days(3_650));
    assert_eq!(app.prune().await.unwrap().revocations, 0, "nobody knows when it ends");
}
