//! Health: a person and an agent hear the same about a connection, and no text decides it.

use verifier::ports::{Rejection, Sign};

use super::provider::Fault;
use super::*;
use crate::health::Concern;

async fn renewed(app: &App, generation: u64) -> Result<Credential, LeaseError> {
    let live = app.live().get(&gmail()).cloned().unwrap();
    app.refresher.renew(&live, generation, Rejection::Unauthorized).await
}

fn only(app: &App) -> ConnectionInfo {
    app.connections().remove(0)
}

async fn events(app: &App, kind: &str) -> usize {
    let records = app.log(LogQuery { limit: Some(1000), ..LogQuery::default() }).await.unwrap();
    let is_of_kind = |record: &&LogRecord| serde_json::to_value(record).unwrap()["event"] == kind;
    records.iter().filter(is_of_kind).count()
}

#[tokio::test]
async fn a_hiccup_of_the_token_endpoint_is_no_reconnect_for_anybody() {
    let faults = [
        (500, ""),
        (502, "bad gateway"),
        (503, r#"{"error":"temporarily_unavailable"}"#),
        (400, r#"{"error":"temporarily_unavailable"}"#),
        (400, r#"{"error":"invalid_scope"}"#),
        (429, ""),
        (200, "<html>"),
        (408, ""),
    ];
    for (status, body) in faults {
        let world = World::with(Rotation::Keeps, "refresh = \"keeps\"").await;
        let app = world.connected().await;
        world.provider.next(Fault::Answer(status, body));
        // The upstream no longer takes the token, and the provider gives no other one.
        let error = renewed(&app, 1).await.err();
        assert!(matches!(error, Some(LeaseError::Unavailable(_))), "{status} {body}: {error:?}");
        let info = only(&app);
        assert_eq!(info.status, ConnectionStatus::Healthy, "{status} {body}");
        assert!(matches!(info.concerns[0].concern, Concern::RefreshFails { .. }), "{status} {body}");
        assert_eq!(events(&app, "needs-reconnect").await, 0, "{status} {body}");
        world.clock.advance(Duration::minutes(2));
        assert_eq!(renewed(&app, 1).await.unwrap().generation, 2, "{status} {body}");
        assert_eq!(only(&app).concerns, [], "{status} {body}");
    }
}

#[tokio::test]
async fn a_client_that_is_refused_keeps_the_grant_and_is_told_once() {
    let refusals = [
        (401, r#"{"error":"invalid_client"}"#),
        (401, r#"{"error":"deleted_client","error_description":"The OAuth client was deleted."}"#),
        (400, r#"{"error":"unauthorized_client"}"#),
        (200, r#"{"error":"incorrect_client_credentials"}"#),
        (401, ""),
        (401, "<html>"),
    ];
    for (status, body) in refusals {
        let world = World::with(Rotation::Strict, "").await;
        let app = world.connected().await;
        world.clock.advance(HOUR);
        for _ in 0..30 {
            world.provider.next(Fault::Answer(status, body));
        }
        // Ten minutes of an agent that asks every ten seconds.
        for _ in 0..60 {
            let error = lease(&app).await.err();
            assert!(matches!(error, Some(LeaseError::ClientRefused(_))), "{status} {body}: {error:?}");
            world.clock.advance(Duration::seconds(10));
        }
        assert!(world.provider.refreshes() <= 5, "{}", world.provider.refreshes());
        let info = only(&app);
        assert_eq!(info.status, ConnectionStatus::ClientRefused, "{status} {body}");
        let told = &info.concerns[0];
        assert!(told.says.contains("refuses the OAuth client `client`"), "{}", told.says);
        assert!(told.hint.as_deref().unwrap().contains("[services.gmail] in hallpass.toml"), "{told:?}");
        assert_eq!(events(&app, "client-refused").await, 1, "people are told once");
        app.close().await;
        drop(app);
        // A new process knows the concern before it has tried anything, and then tries at once.
        let app = world.open();
        assert_eq!(only(&app).status, ConnectionStatus::ClientRefused);
        world.provider.book(provider::Book::forget_faults);
        assert_eq!(token(&app).await, "access-3");
        assert_eq!(only(&app).concerns, []);
        app.close().await;
        drop(app);
        assert_eq!(only(&world.open()).concerns, [], "a concern that has ended stays ended after a restart");
    }
}

#[tokio::test]
async fn a_host_that_leads_to_an_address_of_another_kind_says_which_and_what_allows_it() {
    let world = World::new().await;
    let app = world.connected().await;
    let live = app.live().get(&gmail()).cloned().unwrap();
    let sign = Sign::NotDialled {
        host: "gmail.googleapis.com".into(),
        address: "198.18.0.7".parse().unwrap(),
        range: "benchmarking",
    };
    app.refresher.noticed(&live, 1, sign);
    let info = only(&app);
    assert_eq!(info.status, ConnectionStatus::Healthy, "the grant is good");
    let [told] = &info.concerns[..] else { panic!("{info:?}") };
    assert!(told.says.contains("`gmail.googleapis.com` leads to 198.18.0.7 (benchmarking)"), "{}", told.says);
    let hint = told.hint.as_deref().unwrap();
    let setting = "`base_url = \"https://gmail.googleapis.com\"` under [services.gmail] in hallpass.toml";
    assert!(hint.contains(setting), "{hint}");
    world.clock.advance(Duration::hours(2));
    assert_eq!(only(&app).concerns, [], "an old sign may no longer be true");
}

#[tokio::test]
async fn a_client_that_is_refused_early_leaves_the_good_token_in_use() {
    let world = World::new().await;
    let app = world.connected().await;
    world.clock.advance(Duration::minutes(59));
    world.provider.next(Fault::Answer(401, r#"{"error":"invalid_client"}"#));
    assert_eq!(token(&app).await, "access-2");
    eventually("it is noticed", || only(&app).status == ConnectionStatus::ClientRefused).await;
    assert_eq!(token(&app).await, "access-2");
}

#[tokio::test]
async fn no_grant_ends_because_of_letters_in_an_address() {
    let world = World::new().await;
    world.provider.book(|book| (book.gives_refresh, book.expires_in) = (Some(false), None));
    let app = world.connected().await;
    // The same provider, at a path that contains the number of the status.
    let mut config = world.config();
    let service = config.services.get_mut(&"gmail".parse().unwrap()).unwrap();
    service.userinfo_url = Some(format!("{}/401/invalid_grant", world.provider.origin()));
    drop(app);
    let app = world.open_with(config).unwrap();
    let error = renewed(&app, 1).await.err();
    assert!(!matches!(error, Some(LeaseError::NeedsReconnect(_))), "{error:?}");
    assert_eq!(only(&app).status, ConnectionStatus::Healthy);
}

#[tokio::test]
async fn a_probe_that_gets_no_answer_is_no_reconnect() {
    for (status, body) in [(500, ""), (503, "{}"), (429, "401"), (502, "401 Unauthorized")] {
        let world = World::new().await;
        world.provider.book(|book| (book.gives_refresh, book.expires_in) = (Some(false), None));
        let app = world.connected().await;
        world.provider.book(|book| book.accounts.push_back((status, body)));
        let error = renewed(&app, 1).await.err();
        assert!(matches!(error, Some(LeaseError::Unavailable(_))), "{status}: {error:?}");
        assert_eq!(only(&app).status, ConnectionStatus::Healthy, "{status}");
        world.clock.advance(Duration::minutes(2));
        // The token is good, and only the service refuses it. Everybody is told so.
        let error = renewed(&app, 1).await.err();
        assert!(matches!(error, Some(LeaseError::Refused(_))), "{status}: {error:?}");
        assert!(matches!(only(&app).concerns[..], [ref told] if told.concern == Concern::TokenRefused));
        world.clock.advance(Duration::hours(2));
        assert_eq!(only(&app).concerns, []);
    }
}

#[tokio::test]
async fn a_dead_token_is_noticed_in_the_services_own_words() {
    let dead = [
        r#"{"ok":false,"error":"token_revoked"}"#,
        r#"{"ok":false,"error":"token_expired"}"#,
        r#"{"ok":false,"error":"invalid_auth"}"#,
        r#"{"ok":false,"error":"account_inactive"}"#,
    ];
    for body in dead {
        let (world, app) = slack().await;
        world.provider.book(|book| book.accounts.push_back((200, body)));
        let live = app.live().values().next().cloned().unwrap();
        let error = app.refresher.renew(&live, 1, Rejection::Unauthorized).await.err();
        assert!(matches!(error, Some(LeaseError::NeedsReconnect(_))), "{body}: {error:?}");
        assert_eq!(only(&app).status, ConnectionStatus::NeedsReconnect, "{body}");
        assert_eq!(events(&app, "needs-reconnect").await, 1, "{body}");
        drop((live, app));
        let told = only(&world.open()).concerns.remove(0).says;
        assert!(told.contains("answered `"), "{told}");
    }
    // If the service itself says that the token is dead, nobody else is asked. Such a word about an older token does
    // not count.
    let (world, app) = slack().await;
    let live = app.live().values().next().cloned().unwrap();
    let dead = || Rejection::Dead("token_revoked".into());
    app.refresher.renew(&live, 0, dead()).await.unwrap();
    assert_eq!(only(&app).status, ConnectionStatus::Healthy);
    let error = app.refresher.renew(&live, 1, dead()).await.err();
    assert!(matches!(error, Some(LeaseError::NeedsReconnect(_))), "{error:?}");
    assert!(only(&app).concerns[0].says.contains("token_revoked"));
    drop((live, app, world));
    for alive in [r#"{"ok":false,"error":"ratelimited"}"#, r#"{"ok":true,"email":"U1"}"#] {
        let (world, app) = slack().await;
        world.provider.book(|book| book.accounts.push_back((200, alive)));
        let live = app.live().values().next().cloned().unwrap();
        let error = app.refresher.renew(&live, 1, Rejection::Unauthorized).await.err();
        assert!(!matches!(error, Some(LeaseError::NeedsReconnect(_))), "{alive}: {error:?}");
        assert_eq!(only(&app).status, ConnectionStatus::Healthy, "{alive}");
    }
}

/// Returns a connection to Slack whose token does not end.
async fn slack() -> (World, Arc<App>) {
    let mut world = World::new().await;
    world.settings = world.provider.settings_of("slack");
    world.provider.book(|book| {
        book.exchanges
            .push_back((200, r#"{"ok":true,"authed_user":{"access_token":"xoxp-1","token_type":"user"}}"#));
        book.live_access.insert("xoxp-1".into());
    });
    let app = world.open();
    connect_to(&app, &world.provider, "slack").await.unwrap();
    (world, app)
}

#[tokio::test]
async fn a_refresh_that_is_refused_in_the_services_own_words_ends_the_grant() {
    for code in ["token_revoked", "token_expired", "account_inactive", "invalid_refresh_token"] {
        let mut world = World::with(Rotation::Strict, "").await;
        world.settings = world.provider.settings_of("slack");
        world.provider.book(|book| {
            let answer = r#"{"ok":true,"authed_user":{"access_token":"xoxp-1","token_type":"user","refresh_token":"xoxe-1","expires_in":"43200"}}"#;
            book.exchanges.push_back((200, answer));
            book.live_access.insert("xoxp-1".into());
        });
        let app = world.open();
        connect_to(&app, &world.provider, "slack").await.unwrap();
        world.clock.advance(Duration::hours(13));
        let answer = format!(r#"{{"ok":false,"error":"{code}"}}"#);
        world.provider.next(Fault::Answer(200, Box::leak(answer.into_boxed_str())));
        let live = app.live().values().next().cloned().unwrap();
        assert!(matches!(app.refresher.lease(&live).await, Err(LeaseError::NeedsReconnect(_))), "{code}");
    }
}

#[tokio::test]
async fn a_refresh_that_cannot_be_read_entirely_loses_no_grant() {
    let answers = [
        r#"{"refresh_token":"refresh-new"}"#,
        r#"{"access_token":7,"refresh_token":"refresh-new"}"#,
        r#"{"access_token":"x","token_type":"mac","refresh_token":"refresh-new"}"#,
        r#"{"access_token":"x\n","refresh_token":"refresh-new","expires_in":[]}"#,
    ];
    for body in answers {
        let world = World::with(Rotation::Strict, "").await;
        let app = world.connected().await;
        world.clock.advance(HOUR);
        world.provider.next(Fault::DoneBut(200, body));
        let error = lease(&app).await.err();
        assert!(matches!(error, Some(LeaseError::Unavailable(_))), "{body}: {error:?}");
        let told = only(&app).concerns.remove(0).says;
        assert!(
            told.contains("of its answer") || told.contains("its answer has no \"access_token\""),
            "{told}"
        );
        app.close().await;
        drop(app);
        // The provider has rotated the tokens. Without the new refresh token the grant would be lost.
        let app = world.open();
        world.provider.book(|book| book.adopt("refresh-new"));
        assert!(token(&app).await.starts_with("access-"), "{body}");
        assert_eq!(only(&app).status, ConnectionStatus::Healthy, "{body}");
    }
}

#[tokio::test]
async fn a_refresh_that_is_not_quite_the_standard_is_read() {
    let answers = [
        r#"{"access_token":"x","token_type":"BEARER","expires_in":"3600","refresh_token":"refresh-new"}"#,
        r#"{"access_token":"x","expires_in":3600.5,"scope":["a","b"],"refresh_token":"refresh-new"}"#,
        r#"{"access_token":"x","expires_in":"soon","refresh_token":"refresh-new","more":{"a":[1]}}"#,
    ];
    for body in answers {
        let world = World::with(Rotation::Strict, "").await;
        let app = world.connected().await;
        world.clock.advance(HOUR);
        world.provider.next(Fault::DoneBut(201, body));
        assert_eq!(token(&app).await, "x", "{body}");
    }
}

#[tokio::test]
async fn a_connect_that_cannot_be_read_names_the_member() {
    for (body, member) in [
        ("{}", "its answer has no \"access_token\""),
        (r#"{"access_token":"a","token_type":"mac"}"#, "\"token_type\" of its answer is `mac`"),
        (r#"{"access_token":["a"]}"#, "\"access_token\" of its answer is a list"),
        ("<html>", "its answer is neither JSON nor a form"),
    ] {
        let world = World::new().await;
        let app = world.open();
        world.provider.book(|book| book.exchanges.push_back((200, body)));
        let text = connect(&app, &world.provider, None).await.unwrap_err().to_string();
        assert!(text.contains(member), "{text}");
    }
}

#[tokio::test]
async fn what_a_service_says_to_the_owner_is_kept_for_the_owner() {
    let world = World::new().await;
    let app = world.connected().await;
    let live = app.live()[&gmail()].clone();
    let sign_on = |link: &str| Sign::Owner { deed: "sign on".into(), link: Some(link.into()) };
    let good = "https://accounts.google.com/sso?authorization_request=SECRET";
    for _ in 0..5 {
        app.refresher.noticed(&live, 1, sign_on(good));
    }
    app.refresher.drain().await;
    let told = only(&app).concerns.remove(0);
    assert!(told.hint.as_deref().unwrap().contains(good), "{told:?}");
    assert_eq!(events(&app, "sign-on-wanted").await, 1);
    let log = app.log(LogQuery { limit: Some(1000), ..LogQuery::default() }).await.unwrap();
    assert!(!serde_json::to_string(&log).unwrap().contains("SECRET"), "no record has the address");
    for bad in [
        "https://evil.example/sso",
        "http://accounts.google.com/sso",
        "https://accounts.google.com@evil.example/",
        "https://a:b@accounts.google.com/",
        "javascript:alert(1)",
        "https://accounts.google.com/\u{202e}x",
        "",
    ] {
        app.refresher.noticed(&live, 1, sign_on(bad));
        let Concern::SignOn { link, .. } = only(&app).concerns.remove(0).concern else { panic!() };
        assert_eq!(link, None, "{bad}");
    }
    app.refresher.noticed(&live, 7, sign_on(good));
    let Concern::SignOn { link, .. } = only(&app).concerns.remove(0).concern else { panic!() };
    assert_eq!(link, None, "signs about another token do not count");
    world.clock.advance(Duration::hours(2));
    assert_eq!(only(&app).concerns, [], "such an address is good for an hour");
}

#[tokio::test]
async fn a_scope_that_the_service_misses_is_told_once() {
    let world = World::new().await;
    let app = world.connected().await;
    let live = app.live()[&gmail()].clone();
    let missing = |operation: &str| Sign::MissingScopes {
        scopes: vec!["gmail.settings".into()],
        operation: operation.parse().unwrap(),
    };
    for _ in 0..5 {
        app.refresher.noticed(&live, 1, missing("gmail.users.settings.getImap"));
    }
    app.refresher.drain().await;
    assert_eq!(events(&app, "scopes-missing").await, 1);
    let says = only(&app).concerns.remove(0).says;
    assert!(says.contains("`gmail.settings`") && says.contains("`users.settings.getImap`"), "{says}");
    app.close().await;
    drop((live, app));
    assert_eq!(only(&world.open()).concerns[0].says, says, "it is known after a restart");
}

#[tokio::test]
async fn a_token_that_ended_without_another_needs_a_reconnect_for_everybody() {
    let world = World::new().await;
    world.provider.book(|book| book.gives_refresh = Some(false));
    let app = world.connected().await;
    world.clock.advance(HOUR);
    assert!(matches!(lease(&app).await, Err(LeaseError::NeedsReconnect(_))));
    assert_eq!(only(&app).status, ConnectionStatus::NeedsReconnect);
    app.tell_concerns().await;
    app.tell_concerns().await;
    assert_eq!(events(&app, "needs-reconnect").await, 1);
}

#[test]
fn what_mends_a_connection_is_its_hint_and_a_row_from_before_it_was_kept_is_read() {
    let (name, service) = (gmail(), "gmail".parse().unwrap());
    let subject = crate::health::Subject { name: &name, service: &service, now: START };
    let because = || Message::new("no `token_url` is known").hint("set it in hallpass.toml");
    let told = Concern::refresh_fails(because()).told(&subject);
    assert!(told.says.ends_with("no `token_url` is known"), "{told:?}");
    assert_eq!(told.hint.as_deref(), Some("set it in hallpass.toml"));
    let kept = Concern::needs_reconnect(because());
    let row = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Concern>(&row).unwrap(), kept);
    let before: Concern = serde_json::from_str(r#"{"kind":"needs-reconnect","because":"it ended"}"#).unwrap();
    assert_eq!(before, Concern::needs_reconnect("it ended"));
}
