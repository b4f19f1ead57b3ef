use super::*;

#[tokio::test]
async fn a_person_connects_an_account_by_code() {
    let world = World::new().await;
    let app = world.open();
    let info = connect(&app, &world.provider, None).await.unwrap();
    insta::assert_json_snapshot!(info, { ".base_url" => "[base]" }, @r#"
    {
      "name": "gmail",
      "service": "gmail",
      "account": "alice@example.com",
      "scopes": [
        "https://www.googleapis.com/auth/gmail.modify"
      ],
      "status": "healthy",
      "concerns": [],
      "connected": "2026-11-22T12:00:00Z",
      "token_expires": "2026-11-22T13:00:00Z",
      "last_error": null,
      "base_url": "[base]",
      "own_base_url": null
    }
    "#);
    assert_eq!(token(&app).await, "access-2");
}

#[tokio::test]
async fn a_provider_that_redirects_to_no_loopback_address_is_told_another() {
    let world = World::new().await;
    let mut config = world.config();
    let service = config.services.entry("gmail".parse().unwrap()).or_default();
    service.redirect_uri = Some("https://me.example/callback".into());
    let app = world.open_with(config).unwrap();
    let begun = app.begin_connect(start(None)).await.unwrap();
    assert!(
        begun.authorize_url.contains("redirect_uri=https%3A%2F%2Fme.example%2Fcallback"),
        "{}",
        begun.authorize_url
    );
    assert!(!begun.authorize_url.contains("127.0.0.1%3A1"), "{}", begun.authorize_url);
}

#[tokio::test]
async fn a_callback_with_another_state_is_refused_and_ends_nothing() {
    let world = World::new().await;
    let app = world.open();
    let begun = app.begin_connect(start(None)).await.unwrap();
    let (state, code) = world.provider.consent(&begun.authorize_url);
    for wrong in ["", "x", &state[1..], &format!("{state}x")] {
        let finish =
            ConnectFinish { state: wrong.into(), code: Some(code.clone()), ..ConnectFinish::default() };
        assert_eq!(app.finish_connect(finish).await.unwrap_err().kind(), ErrorKind::NotFound);
    }
    let finish = ConnectFinish { state, code: Some(code), ..ConnectFinish::default() };
    app.finish_connect(finish).await.unwrap();
}

#[tokio::test]
async fn an_attempt_is_finished_once() {
    let world = World::new().await;
    let app = world.open();
    let begun = app.begin_connect(start(None)).await.unwrap();
    let (state, code) = world.provider.consent(&begun.authorize_url);
    let finish = ConnectFinish { state, code: Some(code), ..ConnectFinish::default() };
    app.finish_connect(finish.clone()).await.unwrap();
    assert_eq!(app.finish_connect(finish).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn an_attempt_lapses_after_ten_minutes() {
    let world = World::new().await;
    let app = world.open();
    let begun = app.begin_connect(start(None)).await.unwrap();
    assert_eq!(begun.expires_in, 600);
    let (state, code) = world.provider.consent(&begun.authorize_url);
    world.clock.advance(Duration::seconds(600));
    let finish = ConnectFinish { state, code: Some(code), ..ConnectFinish::default() };
    let error = app.finish_connect(finish).await.unwrap_err().to_string();
    assert!(error.contains("took too long"), "{error}");
}

#[tokio::test]
async fn a_state_of_another_attempt_does_not_finish_this_one() {
    let world = World::new().await;
    let app = world.open();
    let one = app.begin_connect(start(None)).await.unwrap();
    let two = app.begin_connect(start(None)).await.unwrap();
    let (state, code) = world.provider.consent(&one.authorize_url);
    let finish =
        ConnectFinish { attempt: Some(two.attempt), state, code: Some(code), ..ConnectFinish::default() };
    assert_eq!(app.finish_connect(finish).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_callback_from_another_issuer_is_refused() {
    let world = World::new().await;
    let app = world.open();
    let good = world.provider.origin().to_owned();
    for (iss, expected) in [(Some("https://evil.example"), false), (Some(good.as_str()), true), (None, true)]
    {
        let begun = app.begin_connect(start(None)).await.unwrap();
        let (state, code) = world.provider.consent(&begun.authorize_url);
        let iss = iss.map(String::from);
        let finish = ConnectFinish { state, code: Some(code), iss, ..ConnectFinish::default() };
        let finished = app.finish_connect(finish).await;
        assert_eq!(finished.is_ok(), expected, "{finished:?}");
    }
}

#[tokio::test]
async fn a_callback_without_the_issuer_that_was_set_is_refused() {
    let world = World::with(Rotation::Keeps, "issuer = \"https://id.example\"").await;
    let app = world.open();
    for (iss, expected) in
        [(None, false), (Some("https://id.example/"), false), (Some("https://id.example"), true)]
    {
        let begun = app.begin_connect(start(None)).await.unwrap();
        let (state, code) = world.provider.consent(&begun.authorize_url);
        let iss = iss.map(String::from);
        let finish = ConnectFinish { state, code: Some(code), iss, ..ConnectFinish::default() };
        assert_eq!(app.finish_connect(finish).await.is_ok(), expected);
    }
}

#[tokio::test]
async fn a_person_who_says_no_is_told_so() {
    let world = World::new().await;
    let app = world.open();
    let begun = app.begin_connect(start(None)).await.unwrap();
    let (state, _) = world.provider.consent(&begun.authorize_url);
    let finish = ConnectFinish { state, error: Some("access_denied".into()), ..ConnectFinish::default() };
    let error = app.finish_connect(finish).await.unwrap_err();
    assert_eq!(error.to_string(), "the provider answered `access_denied`");
    assert!(app.connections().is_empty());
}

#[tokio::test]
async fn a_code_that_another_flow_asked_for_is_refused_by_pkce() {
    let world = World::new().await;
    let app = world.open();
    let one = app.begin_connect(start(None)).await.unwrap();
    let two = app.begin_connect(start(None)).await.unwrap();
    let (state, _) = world.provider.consent(&one.authorize_url);
    let (_, injected) = world.provider.consent(&two.authorize_url);
    let finish = ConnectFinish { state, code: Some(injected), ..ConnectFinish::default() };
    let error = app.finish_connect(finish).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Provider, "{error}");
}

#[tokio::test]
async fn a_redirect_that_leaves_this_machine_is_refused() {
    let world = World::new().await;
    let app = world.open();
    for bad in
        ["http://example.com/callback", "https://127.0.0.1/callback", "http://localhost:1/callback", "x"]
    {
        let begun = app.begin_connect(ConnectStart { redirect_uri: bad.into(), ..start(None) }).await;
        assert_eq!(begun.unwrap_err().kind(), ErrorKind::Invalid, "{bad}");
    }
}

#[tokio::test]
async fn a_name_does_not_become_another_accounts() {
    let world = World::new().await;
    let app = world.connected().await;
    world.provider.book(|book| book.account = "mallory@example.com".into());
    let error = connect(&app, &world.provider, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let error = in_full(error);
    assert!(error.contains("hint: give it a name of its own with `--as`"), "{error}");
    let other = connect(&app, &world.provider, Some("gmail-other")).await.unwrap();
    assert_eq!(other.account.as_str(), "mallory@example.com");
    assert_eq!(app.connections().len(), 2);
}

#[tokio::test]
async fn a_device_flow_ends_in_a_connection_and_polls_no_faster_than_allowed() {
    let world = World::new().await;
    let app = world.open();
    let device = DeviceStart {
        service: "gmail".parse().unwrap(),
        name: None,
        scopes: Vec::new(),
        client: ClientChoice::default(),
    };
    let begun = app.begin_device(device).await.unwrap();
    assert_eq!((begun.user_code.as_str(), begun.interval), ("ABCD-EFGH", 5));
    let is_pending = |poll: DevicePoll| matches!(poll, DevicePoll::Pending { interval: 5 });
    assert!(is_pending(app.poll_device(&begun.attempt).await.unwrap()));
    assert_eq!(world.provider.book(|book| book.polls), 0);
    world.clock.advance(Duration::seconds(5));
    assert!(is_pending(app.poll_device(&begun.attempt).await.unwrap()));
    assert!(is_pending(app.poll_device(&begun.attempt).await.unwrap()));
    assert_eq!(world.provider.book(|book| book.polls), 1);
    world.provider.grant_device();
    world.clock.advance(Duration::seconds(5));
    assert!(matches!(app.poll_device(&begun.attempt).await.unwrap(), DevicePoll::Connected { .. }));
    assert_eq!(app.poll_device(&begun.attempt).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_disconnected_account_is_revoked_and_forgotten() {
    let world = World::new().await;
    let app = world.connected().await;
    let report = app.disconnect(&gmail()).await.unwrap();
    assert_eq!(report.provider, ProviderRevocation::Revoked);
    assert_eq!(world.provider.book(|book| book.revoked.clone()), ["refresh-2"]);
    assert!(app.connections().is_empty());
    assert_eq!(app.disconnect(&gmail()).await.unwrap_err().kind(), ErrorKind::NotFound);
    drop(app);
    assert_eq!(world.behind().count("credential"), 0);
}

#[tokio::test]
async fn no_token_and_no_client_secret_is_in_the_home_in_the_clear() {
    let world = World::with(Rotation::Strict, "client_secret_file = \"secret\"").await;
    std::fs::write(world.home().dir().join("secret"), "hunter2hunter2").unwrap();
    let app = world.connected().await;
    world.clock.advance(HOUR);
    token(&app).await;
    app.close().await;
    drop(app);
    for file in std::fs::read_dir(world.home().dir()).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().unwrap() == "secret" {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for secret in ["access-", "refresh-", "hunter2"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "`{secret}` is in {}", path.display());
        }
    }
}

#[tokio::test]
async fn a_service_without_a_client_is_refused_with_what_to_set() {
    let world = World::new().await;
    let app = world.open();
    let error = app.begin_connect(ConnectStart { service: "github".parse().unwrap(), ..start(None) }).await;
    let error = in_full(error.unwrap_err());
    assert!(error.contains("HALLPASS_GITHUB_CLIENT_ID"), "{error}");
    for name in ["mcp", "pass", "approvals"] {
        let error = app.begin_connect(start(Some(name))).await.err().unwrap();
        assert!(error.to_string().contains("is a page of the gateway"), "{name}: {error}");
    }
    let error = app.begin_connect(ConnectStart { service: "gmial".parse().unwrap(), ..start(None) }).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::NotFound);
}
