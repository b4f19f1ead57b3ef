//! Grants: which scopes were granted, when grants end, and that no unused grant stays with the provider.

use super::*;
use crate::health::Concern;

const EVENTS: &str = "https://www.googleapis.com/auth/calendar.events";
const READONLY: &str = "https://www.googleapis.com/auth/calendar.readonly";

async fn calendar(scope: serde_json::Value) -> (World, Arc<App>) {
    let mut world = World::new().await;
    world.settings = world.provider.settings_of("google-calendar");
    world.provider.book(|book| book.beside.insert("scope".into(), scope));
    let app = world.open();
    (world, app)
}

#[tokio::test]
async fn a_scope_that_was_not_granted_is_told_with_what_does_not_work_without_it() {
    let (world, app) = calendar(READONLY.into()).await;
    let info = connect_to(&app, &world.provider, "google-calendar").await.unwrap();
    assert_eq!(
        (info.status, info.scopes.as_slice()),
        (ConnectionStatus::Healthy, &[READONLY.to_owned()][..])
    );
    let told = &info.concerns[0];
    assert!(told.says.contains(EVENTS) && told.says.contains("`events.insert`"), "{}", told.says);
    assert!(told.says.contains("calendar.acls.readonly"), "{}", told.says);
    assert!(!told.says.contains(&format!("`{READONLY}`")), "{}", told.says);
    let hint = told.hint.as_deref().unwrap();
    assert!(hint.contains("hallpass connect google-calendar --as google-calendar"), "{hint}");
    drop(app);
    let again = world.open().connections();
    assert_eq!(again[0].concerns, info.concerns, "after a restart the concerns are the same");
}

#[tokio::test]
async fn scopes_in_any_writing_that_cover_what_was_asked_for_miss_nothing() {
    let acls = "https://www.googleapis.com/auth/calendar.acls.readonly";
    let spaced = format!("{READONLY} openid {acls}  {EVENTS}");
    for scope in [spaced.as_str().into(), serde_json::json!([EVENTS, acls, READONLY]), "".into(), ().into()] {
        let (world, app) = calendar(scope.clone()).await;
        let info = connect_to(&app, &world.provider, "google-calendar").await.unwrap();
        assert_eq!(info.concerns, [], "{scope}");
    }
}

#[tokio::test]
async fn scopes_that_a_refresh_leaves_out_are_noticed() {
    let (world, app) = calendar(serde_json::Value::Null).await;
    let name = "google-calendar".parse().unwrap();
    assert_eq!(connect_to(&app, &world.provider, "google-calendar").await.unwrap().concerns, []);
    world.clock.advance(HOUR);
    world.provider.book(|book| book.beside.insert("scope".into(), READONLY.into()));
    let live = app.live().get(&name).cloned().unwrap();
    app.refresher.lease(&live).await.unwrap();
    let info = app.connections().remove(0);
    assert!(matches!(info.concerns[0].concern, Concern::MissingScopes { .. }), "{:?}", info.concerns);
}

#[tokio::test]
async fn the_end_of_a_grant_is_shown_at_once_and_warned_of_before() {
    let world = World::with(Rotation::Keeps, "").await;
    world.provider.book(|book| book.beside.insert("refresh_token_expires_in".into(), 604_799.into()));
    let app = world.connected().await;
    let info = app.connections().remove(0);
    assert_eq!(info.grant_ends, Some(START + Duration::seconds(604_799)));
    assert_eq!(info.concerns, [], "a grant of seven days is no reason to warn");

    // Google announces the same end again with each refresh.
    world.clock.advance(Duration::days(5));
    world.provider.book(|book| book.beside.insert("refresh_token_expires_in".into(), 172_799.into()));
    token(&app).await;
    let info = app.connections().remove(0);
    assert_eq!(info.status, ConnectionStatus::Healthy);
    assert!(info.concerns[0].says.contains("its grant ends in 1d 23h"), "{}", info.concerns[0].says);
    drop(app);
    let app = world.open();
    assert!(matches!(app.connections()[0].concerns[0].concern, Concern::GrantEnds { .. }));
    for _ in 0..3 {
        app.tell_concerns().await;
    }
    app.close().await;
    drop(app);
    let app = world.open();
    app.tell_concerns().await;
    assert_eq!(events(&app, "grant-ends").await, 1, "people are told once");

    world.clock.advance(Duration::days(2));
    let info = app.connections().remove(0);
    assert_eq!(info.status, ConnectionStatus::NeedsReconnect);
    assert!(info.concerns[0].says.contains("as the provider had announced"), "{}", info.concerns[0].says);
    world.provider.next(provider::Fault::Answer(503, ""));
    assert!(matches!(lease(&app).await, Err(LeaseError::NeedsReconnect(_))), "the agent hears the same");
}

#[tokio::test]
async fn a_grant_that_goes_on_is_warned_of_no_more() {
    let world = World::with(Rotation::Strict, "").await;
    world.provider.book(|book| book.beside.insert("x_refresh_token_expires_in".into(), "604800".into()));
    let app = world.connected().await;
    world.clock.advance(Duration::days(6));
    app.tell_concerns().await;
    assert_eq!(app.connections()[0].concerns.len(), 1);
    token(&app).await;
    assert_eq!(app.connections()[0].concerns, []);
    world.clock.advance(Duration::days(6));
    app.tell_concerns().await;
    assert_eq!(events(&app, "grant-ends").await, 2, "another grant gets its own warning");
}

/// Returns how many events of this kind the log has.
async fn events(app: &App, kind: &str) -> usize {
    let records = app.log(LogQuery { limit: Some(1000), ..LogQuery::default() }).await.unwrap();
    let is_of_kind = |record: &&LogRecord| serde_json::to_value(record).unwrap()["event"] == kind;
    records.iter().filter(is_of_kind).count()
}

#[tokio::test]
async fn tokens_of_another_account_are_given_back_and_both_are_named() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    world.provider.book(|book| book.account = "bob@example.com".into());
    connect(&app, &world.provider, Some("gmail-work")).await.unwrap();
    world.provider.book(|book| book.account = "carol@example.com".into());
    let error = connect(&app, &world.provider, Some("gmail-work")).await.unwrap_err();
    let text = in_full(error);
    assert!(text.contains("`bob@example.com`") && text.contains("`carol@example.com`"), "{text}");
    assert!(text.contains("the tokens that came were given back\nhint: "), "{text}");
    assert_eq!(world.provider.book(|book| book.revoked.clone()), ["refresh-6"]);
    assert_eq!(app.connections().len(), 2);
}

#[tokio::test]
async fn what_another_connection_lives_of_is_not_given_back() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    world.provider.book(|book| book.account = "bob@example.com".into());
    connect(&app, &world.provider, Some("gmail-work")).await.unwrap();
    // The person wants to connect `gmail-work`, but signs in to the account that is connected as `gmail`.
    world.provider.book(|book| book.account = "alice@example.com".into());
    let text = connect(&app, &world.provider, Some("gmail-work")).await.unwrap_err().to_string();
    assert!(text.contains("not given back: that could end `gmail` too"), "{text}");
    assert!(world.provider.book(|book| book.revoked.is_empty()));
    token(&app).await;
    // If that connection needs a reconnect, nothing can be lost.
    world.clock.advance(HOUR);
    world.provider.next(provider::Fault::Answer(400, r#"{"error":"invalid_grant"}"#));
    assert!(lease(&app).await.is_err());
    let text = connect(&app, &world.provider, Some("gmail-work")).await.unwrap_err().to_string();
    assert!(text.contains("were given back"), "{text}");
    assert_eq!(world.provider.book(|book| book.revoked.len()), 1);
}

#[tokio::test]
async fn no_grant_is_left_behind_by_a_connect_that_fails_after_the_exchange() {
    type Break = fn(&mut provider::Book);
    let breaks: [(&str, Break, usize); 5] = [
        ("the account is refused", |book| book.accounts.push_back((403, "{}")), 1),
        ("the account cannot be read", |book| book.accounts.push_back((200, "<html>")), 1),
        ("the account is nameless", |book| book.accounts.push_back((200, "{}")), 1),
        (
            "the access token cannot be used",
            |book| {
                book.beside.insert("token_type".into(), "mac".into());
            },
            1,
        ),
        ("nothing was given", |book| book.exchanges.push_back((200, "{}")), 0),
    ];
    for (name, break_it, given_back) in breaks {
        let world = World::with(Rotation::Strict, "").await;
        let app = world.open();
        world.provider.book(break_it);
        let error = connect(&app, &world.provider, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Provider, "{name}: {error}");
        assert_eq!(world.provider.book(|book| book.revoked.len()), given_back, "{name}: {error}");
        assert!(app.connections().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_connect_whose_caller_goes_away_is_kept_or_given_back() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.open();
    let begun = app.begin_connect(start(None)).await.unwrap();
    let (state, code) = world.provider.consent(&begun.authorize_url);
    let finish = ConnectFinish { state, code: Some(code), ..ConnectFinish::default() };
    // The connect has been polled once, so it has begun. Then the caller goes away.
    let gone = tokio::time::timeout(std::time::Duration::ZERO, app.finish_connect(finish)).await;
    assert!(gone.is_err());
    app.refresher.drain().await;
    assert_eq!(app.connections().len(), 1);
}

#[tokio::test]
async fn a_device_that_the_wrong_person_used_leaves_no_grant() {
    let world = World::with(Rotation::Strict, "").await;
    let app = world.connected().await;
    world.provider.book(|book| book.account = "bob@example.com".into());
    let device = DeviceStart {
        service: "gmail".parse().unwrap(),
        name: None,
        scopes: Vec::new(),
        client: ClientChoice::default(),
    };
    let begun = app.begin_device(device).await.unwrap();
    world.provider.grant_device();
    world.clock.advance(Duration::seconds(5));
    let text = app.poll_device(&begun.attempt).await.unwrap_err().to_string();
    assert!(text.contains("were given back"), "{text}");
    assert_eq!(world.provider.book(|book| book.revoked.len()), 1);
}

#[tokio::test]
async fn a_reconnect_says_whose_consent_it_wants() {
    let world = World::new().await;
    let app = world.connected().await;
    let hint = |url: &str| {
        let url = url::Url::parse(url).unwrap();
        url.query_pairs().find(|(name, _)| name == "login_hint").map(|(_, value)| value.into_owned())
    };
    let again = app.begin_connect(start(None)).await.unwrap();
    assert_eq!(hint(&again.authorize_url).as_deref(), Some("alice@example.com"));
    let other = app.begin_connect(start(Some("gmail-work"))).await.unwrap();
    assert_eq!(hint(&other.authorize_url), None);
    let said = ClientChoice { account: Some("bob@example.com".parse().unwrap()), ..ClientChoice::default() };
    let said = ConnectStart { client: said, ..start(Some("gmail-work")) };
    let said = app.begin_connect(said).await.unwrap();
    assert_eq!(hint(&said.authorize_url).as_deref(), Some("bob@example.com"));
}

#[tokio::test]
async fn a_grant_that_was_dead_already_counts_as_taken_back() {
    let world = World::new().await;
    let app = world.connected().await;
    world.provider.book(|book| book.revocation = Some((400, r#"{"error":"invalid_token"}"#)));
    assert_eq!(app.disconnect(&gmail()).await.unwrap().provider, ProviderRevocation::Revoked);
    let app = {
        drop(app);
        world.connected().await
    };
    world.provider.book(|book| book.revocation = Some((503, "")));
    let failed = app.disconnect(&gmail()).await.unwrap().provider;
    assert!(matches!(failed, ProviderRevocation::Failed { .. }), "{failed:?}");
}
