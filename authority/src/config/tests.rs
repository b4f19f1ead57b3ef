use datalog::ServiceName;
use secrecy::ExposeSecret;

use super::*;
use crate::config::types::RefreshStyle;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, &Home::at("/nowhere"))
}

fn refusal(text: &str) -> String {
    datalog::Message::from(parse(text).unwrap_err()).in_full()
}

fn gmail() -> ServiceName {
    "gmail".parse().unwrap()
}

/// Returns the default file with the comment marks before its keys and headings removed.
fn uncommented() -> String {
    let is_setting = |line: &&str| line.contains(" = ") || line.starts_with("# [");
    Config::default_file().lines().filter(is_setting).map(|line| format!("{}\n", &line[2..])).collect()
}

#[test]
fn the_default_file_sets_nothing() {
    let config = parse(&Config::default_file()).unwrap();
    assert_eq!(config.gateway_listen, Config::default().gateway_listen);
    assert!(config.services.is_empty() && config.connections.is_empty());
}

#[test]
fn every_key_of_the_default_file_is_accepted_as_written() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("client_secret.json"), "hunter2hunter2").unwrap();
    std::fs::write(dir.path().join("webhook_secret.txt"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let config = Config::parse(&uncommented(), &Home::at(dir.path())).unwrap();
    let service = config.service(&gmail());
    assert_eq!(service.token_url.as_deref(), Some("http://127.0.0.1:4100/oauth2/token"));
    assert_eq!(service.client_secret.unwrap().expose_secret(), "hunter2hunter2");
    assert_eq!(service.refresh, Some(RefreshStyle::Rotates));
    assert_eq!(config.connections.len(), 1);
}

#[test]
fn an_unknown_key_is_refused_with_the_one_that_was_meant() {
    insta::assert_snapshot!(refusal("[gateway]\nlisten_on = \"127.0.0.1:1\""), @r"
    unknown key in [gateway] `listen_on`
    hint: did you mean `listen`?
    ");
    insta::assert_snapshot!(refusal("[services.gmail]\ntokn_url = \"x\""), @r"
    unknown key in [services.gmail] `tokn_url`
    hint: did you mean `token_url`?
    ");
    insta::assert_snapshot!(refusal("[service.gmail]\n"), @r"
    unknown table `service`
    hint: did you mean `services`?
    ");
    insta::assert_snapshot!(refusal("[database]\n"), @r"
    unknown table `database`
    hint: known are gateway, authority, store, audit, approvals, mcp, breaker, notify, services, connections
    ");
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_shown() {
    let error = refusal("[services.google-drive]\nclient_secret = \"hunter2\"");
    assert!(error.contains("HALLPASS_GOOGLE_DRIVE_CLIENT_SECRET"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn plain_http_is_for_this_machine_only() {
    for good in ["https://a.example", "http://127.0.0.1:1", "http://[::1]:1/x", "http://localhost"] {
        parse(&format!("[services.gmail]\ntoken_url = \"{good}\"")).unwrap();
    }
    for bad in [
        "http://a.example",
        "http://127.0.0.1.a.example",
        "http://10.0.0.1",
        "ftp://localhost",
        "https://user@a.example",
        "https://user:word@a.example",
        "https://a.example/#x",
        "a.example",
        "",
    ] {
        assert!(parse(&format!("[services.gmail]\ntoken_url = \"{bad}\"")).is_err(), "{bad}");
    }
}

#[test]
fn the_authority_listens_on_this_machine_only() {
    let error = refusal("[authority]\nlisten = \"0.0.0.0:7412\"");
    assert!(error.contains("loopback"), "{error}");
}

#[test]
fn two_listeners_do_not_share_a_port() {
    let error = refusal("[connections.gmail]\nlisten = \"127.0.0.1:7411\"");
    assert!(error.contains("that `gateway.listen` does not have"), "{error}");
    parse("[gateway]\nlisten = \"127.0.0.1:0\"\n[authority]\nlisten = \"127.0.0.1:0\"").unwrap();
}

#[test]
fn values_of_another_type_are_refused_with_what_was_expected() {
    insta::assert_snapshot!(refusal("[gateway]\nlisten = 7411"), @"`gateway.listen` is `7411`, expected a text");
    insta::assert_snapshot!(refusal("gateway = 1"), @"`gateway` is `1`, expected a table");
    insta::assert_snapshot!(refusal("[services.gmail]\nclient_auth = \"jwt\""), @r#"`services.gmail.client_auth` is `"jwt"`, expected `post` or `basic`"#);
    assert!(refusal("[authority]\nkeep_ended = \"long\"").contains("a duration, as in `30m`"));
    assert!(refusal("[audit]\nfacts = \"some\"").contains("expected `all`, `refusals` or `none`"));
    assert!(refusal("[gateway]\nnames = [\"a.test:80\"]").contains("each without a port"));
    assert!(refusal("[gateway]\nnames = \"a.test\"").contains("a list of host names"));
    assert!(refusal("[services.gmail]\nscopes = [\"a b\"]").contains("without spaces"));
    assert!(refusal("[services.Gmail]\n").contains("starting with a letter"));
}

#[test]
fn googles_client_file_gives_id_and_secret_and_the_environment_wins() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path());
    std::fs::write(
        dir.path().join("client_secret.json"),
        r#"{"installed":{"client_id":"id-1","project_id":"p","client_secret":"secret-1","redirect_uris":["http://localhost"]}}"#,
    )
    .unwrap();
    std::fs::write(home.config_file(), "[services.gmail]\nclient_secret_file = \"client_secret.json\"\n")
        .unwrap();
    let service = Config::load(&home, &Environment::default()).unwrap().service(&gmail());
    assert_eq!(service.client_id.as_deref(), Some("id-1"));
    assert_eq!(service.client_secret.unwrap().expose_secret(), "secret-1");

    let mut environment = Environment::default();
    environment.add_client("GMAIL_CLIENT_ID", Some("id-2".into()));
    environment.add_client("GMAIL_CLIENT_SECRET", Some("secret-2".into()));
    environment.add_client("GOOGLE_CALENDAR_CLIENT_ID", Some("id-3".into()));
    let config = Config::load(&home, &environment).unwrap();
    assert_eq!(config.service(&gmail()).client_id.as_deref(), Some("id-2"));
    assert_eq!(config.service(&gmail()).client_secret.unwrap().expose_secret(), "secret-2");
    assert_eq!(config.service(&"google-calendar".parse().unwrap()).client_id.as_deref(), Some("id-3"));
}

#[test]
fn a_config_does_not_show_its_secrets() {
    let mut environment = Environment::default();
    environment.add_client("GMAIL_CLIENT_SECRET", Some("hunter2".into()));
    let mut config = Config::default();
    config.add(&environment);
    assert!(!format!("{config:?}{environment:?}").contains("hunter2"));
}

#[test]
fn the_store_is_in_the_home_or_where_the_file_says() {
    let home = Home::at("/h");
    let at = |text: &str| Config::parse(text, &home).unwrap().store.of(&home);
    assert_eq!(at("").file(), Some(Path::new("/h/hallpass.db")));
    assert_eq!(at("[store]\npath = \"other.db\"").file(), Some(Path::new("/h/other.db")));
    assert_eq!(at("[store]\npath = \"/srv/h.db\"").file(), Some(Path::new("/srv/h.db")));
    assert!(refusal("[store]\nurl = \"x\"").contains("known are path"));
}
