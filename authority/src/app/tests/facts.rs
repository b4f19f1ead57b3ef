//! The facts of decisions: sealed beside their records, in no plain text, bound to their place, forgotten in time.

use std::collections::BTreeSet;
use std::path::Path;

use datalog::flags;
use datalog::{Context, Decided, Narrowing, PassCache, RawRequest, Request, VerifiedPass, decide};
use verifier::ports::{Audit, Facts, Keeping, Record, Trust};

use super::audit::{record, tamper};
use super::*;

const SECRET: &str = "the-merger-is-on-friday";

fn listing(app: &App) -> Request {
    let connection = app.connection(&gmail()).unwrap();
    let query = format!("q={SECRET}");
    let raw = RawRequest {
        method: "GET",
        method_override: None,
        host: None,
        path: "/gmail/v1/users/me/messages",
        query: Some(&query),
        headers: &[],
        content_type: None,
        body: b"",
    };
    connection.service.classify(&connection.name, &connection.account, &raw).unwrap()
}

async fn pass(app: &App, args: MintArgs) -> Arc<VerifiedPass> {
    let minted = app.mint(args).await.unwrap();
    let now = app.clock().now();
    PassCache::new(1).verify(&minted.pass, &Trust::root_keys(app), &|_| false, now).unwrap()
}

/// Records the pass's decision on a listing, as the gateway does. Returns the record's number.
async fn decided(app: &App, pass: &Arc<VerifiedPass>) -> u64 {
    let (context, now) = (Context::default(), app.clock().now());
    let decision = decide(pass, listing(app), &context, now);
    let (request, digest, allowed) = match &decision {
        Decided::Allow(permitted) => (permitted.request(), permitted.digest(), true),
        Decided::Ask(refused) | Decided::Deny(refused) => (refused.request(), refused.digest(), false),
    };
    let facts = match (app.keeping(), allowed) {
        (Keeping::All, _) | (Keeping::Refusals, false) => Some(Arc::new(Facts {
            kept: datalog::StoredFacts::of(pass, datalog::Judged { request, digest }, &context, now),
            wording: pass.wording().clone(),
            pass_ends: pass.expires(),
        })),
        _ => None,
    };
    let decision = if allowed { "allow" } else { "denied" };
    let record =
        Record { at: now, digest: Some(digest), facts, ..record("/gmail/v1/users/me/messages", decision) };
    match allowed {
        true => app.intent(record).await.unwrap().0,
        false => app.refusal(record).await.unwrap().unwrap().0,
    }
}

fn sending() -> MintArgs {
    MintArgs { allow: vec!["gmail:send".into()], ..mint_args() }
}

fn rows(world: &World, table: &str) -> u64 {
    world.behind().count(table)
}

/// Whether any file below the folder holds the text.
fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => holds(&path, text),
            false => std::fs::read(&path)
                .is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes())),
        }
    })
}

async fn why(app: &App, seq: u64) -> String {
    let view = app.record(seq).await.unwrap();
    assert!(view.facts.is_none());
    view.no_facts.unwrap().because
}

#[tokio::test]
async fn the_facts_of_a_decision_are_kept_sealed_and_in_no_plain_text() {
    let world = World::new().await;
    let app = world.connected().await;
    let pass = pass(&app, mint_args()).await;
    let seq = decided(&app, &pass).await;
    let facts = app.record(seq).await.unwrap().facts.unwrap();
    assert_eq!(facts.kept.values("arg"), [["q", SECRET]]);
    assert!(facts.datalog.contains("operation(\"gmail.users.messages.list\");"), "{}", facts.datalog);
    assert_eq!(facts.decision, "allow");
    let mut exported = String::new();
    let begun = app.begin_export(ExportRange::default()).await.unwrap();
    exported.push_str(&begun.header);
    exported.push_str(&app.export_lines(begun.after, begun.to).await.unwrap().lines.concat());
    assert!(exported.contains(r#","facts":""#) && !exported.contains(SECRET), "{exported}");
    assert!(!holds(world.home().dir(), SECRET), "the secret is in a file while the home is open");
    assert!(app.verify_log().await.unwrap().first_bad.is_none());
    app.close().await;
    drop(app);
    assert!(!holds(world.home().dir(), SECRET), "and closed");
    assert!(holds(world.home().dir(), "gmail.users.messages.list"), "the search finds what is there");
}

#[tokio::test]
async fn facts_that_were_swapped_or_changed_are_found_and_do_not_open() {
    let world = World::new().await;
    let app = world.connected().await;
    let pass = pass(&app, mint_args()).await;
    let (one, two) = (decided(&app, &pass).await, decided(&app, &pass).await);
    app.close().await;
    drop(app);
    let swap = format!(
        "UPDATE decision_facts SET seq = -1 WHERE seq = {one};
         UPDATE decision_facts SET seq = {one} WHERE seq = {two};
         UPDATE decision_facts SET seq = {two} WHERE seq = -1;"
    );
    tamper(&world, &swap);
    let app = world.open();
    let bad = app.verify_log().await.unwrap().first_bad.unwrap();
    assert_eq!((bad.seq, &*bad.because), (one, "the facts beside it are not those that it was written with"));
    for seq in [one, two] {
        assert!(why(&app, seq).await.contains("not those that it was written with"));
    }
    assert_eq!(app.kept_facts(0, two).await.unwrap().facts.len(), 0);
    let row = app.store.facts(one, one).await.unwrap().remove(0);
    let (of_one, of_two) = (one.to_string(), two.to_string());
    let place = |row| crate::vault::Place { table: "decision_facts", row, column: "facts", generation: 0 };
    assert!(app.vault.open_bytes(place(&of_one), &row.sealed).is_err(), "it is bound to its record");
    assert!(app.vault.open_bytes(place(&of_two), &row.sealed).is_ok());
}

#[tokio::test]
async fn what_is_set_to_keep_nothing_keeps_nothing_and_refusals_keep_refusals() {
    let mut world = World::new().await;
    world.settings = "[audit]\nfacts = \"none\"".into();
    let app = world.connected().await;
    let (reads, sends) = (pass(&app, mint_args()).await, pass(&app, sending()).await);
    let none = decided(&app, &reads).await;
    decided(&app, &sends).await;
    assert_eq!((rows(&world, "decision_facts"), rows(&world, "pass_wording")), (0, 0));
    assert_eq!(why(&app, none).await, "the facts of this decision were not kept");
    app.close().await;
    drop(app);
    world.settings = "[audit]\nfacts = \"refusals\"".into();
    let app = world.open();
    let (allowed, refused) = (decided(&app, &reads).await, decided(&app, &sends).await);
    assert_eq!((rows(&world, "decision_facts"), rows(&world, "pass_wording")), (1, 1));
    assert_eq!(why(&app, allowed).await, "the facts of this decision were not kept");
    assert_eq!(app.record(refused).await.unwrap().facts.unwrap().decision, "denied");
}

#[tokio::test]
async fn facts_are_forgotten_in_time_and_go_with_the_records_that_are_moved() {
    let mut world = World::new().await;
    world.settings = "[audit]\nfacts_for = \"2d\"".into();
    let app = world.connected().await;
    let lasting = Narrowing::default().with(&flags::FOR, ["30d"]);
    let pass = pass(&app, MintArgs { narrow: lasting, ..mint_args() }).await;
    let old = decided(&app, &pass).await;
    world.clock.advance(Duration::days(1));
    let kept = decided(&app, &pass).await;
    let moved = decided(&app, &pass).await;
    assert_eq!(app.prune().await.unwrap().facts, 0);
    world.clock.advance(Duration::days(1) + Duration::seconds(1));
    assert_eq!(app.prune().await.unwrap().facts, 1);
    assert_eq!(why(&app, old).await, "the facts of this decision are forgotten after 2 days");
    assert!(app.record(kept).await.unwrap().facts.is_some(), "the wording of the pass is still stored");
    assert!(app.verify_log().await.unwrap().first_bad.is_none(), "forgotten facts do not count as forged");
    app.rotate_log(kept).await.unwrap();
    let left: BTreeSet<u64> = app.store.facts(0, moved).await.unwrap().iter().map(|row| row.seq).collect();
    assert_eq!(left, BTreeSet::from([moved]));
    world.clock.advance(Duration::days(60));
    app.prune().await.unwrap();
    assert_eq!((rows(&world, "decision_facts"), rows(&world, "pass_wording")), (0, 0));
}

#[tokio::test]
async fn one_pass_is_kept_once_and_again_after_a_restart() {
    let world = World::new().await;
    let app = world.connected().await;
    let pass = pass(&app, mint_args()).await;
    for _ in 0..3 {
        decided(&app, &pass).await;
    }
    app.close().await;
    drop(app);
    let app = world.open();
    let seq = decided(&app, &pass).await;
    assert_eq!((rows(&world, "decision_facts"), rows(&world, "pass_wording")), (4, 1));
    assert!(app.record(seq).await.unwrap().facts.is_some());
    let page = app.kept_facts(0, seq).await.unwrap();
    assert_eq!((page.facts.len(), page.last), (4, seq));
}
