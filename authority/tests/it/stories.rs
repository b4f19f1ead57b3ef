//! The command line as people and scripts use it: which text goes to which stream, and what can run beside what.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Hallpass, Running, ended, get, get_from, json};

const LIST: &str = "https://gmail.googleapis.com/gmail/v1/users/me/messages";
const ONE: &str = "https://gmail.googleapis.com/gmail/v1/users/me/messages/18f0";

fn mint(hallpass: &Hallpass) -> String {
    hallpass.run(&["mint", "triage my inbox", "--allow", "gmail:read", "--ask", "gmail:send"]).done()
}

#[test]
fn connecting_prints_the_name_alone_and_says_whose_account_it_is() {
    let hallpass = Hallpass::initialised();
    let connected = hallpass.connect(&["connect", "gmail", "--as", "gmail-work", "--no-browser"]);
    assert_eq!(connected.stdout, "gmail-work\n", "{connected:?}");
    assert!(connected.stderr.contains("connected ada@example.com as `gmail-work`"), "{connected:?}");
    let connections = json(&hallpass.run(&["connections", "--json"]).done());
    assert_eq!(connections[0]["name"], "gmail-work");
    assert_eq!(connections[0]["status"], "healthy");
}

#[test]
fn no_token_is_ever_printed() {
    let hallpass = Hallpass::initialised();
    let connected = hallpass.connect(&["connect", "gmail", "--no-browser", "--json"]);
    let listed = hallpass.run(&["connections", "--json"]);
    let logged = hallpass.run(&["log", "--json"]);
    for ended in [connected, listed, logged] {
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let text = ended.stdout + &ended.stderr;
        for secret in ["at-1", "rt-1", "the client's secret"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn the_device_flow_shows_a_code_and_waits() {
    let hallpass = Hallpass::initialised();
    let connected = hallpass.run(&["connect", "gmail", "--device"]);
    assert!(connected.stderr.contains("WDJB-MJHT"), "{connected:?}");
    assert_eq!(connected.done(), "gmail");
}

#[test]
fn a_pass_is_all_that_mint_prints() {
    let hallpass = Hallpass::connected();
    let minted = hallpass.run(&["mint", "triage my inbox", "--allow", "gmail:read"]);
    assert_eq!(minted.code, Some(0), "{minted:?}");
    assert!(minted.stdout.starts_with("hallpass_") && minted.stdout.lines().count() == 1, "{minted:?}");
    assert!(minted.stderr.contains("read"), "{minted:?}");
    assert!(!minted.stderr.contains("hallpass_"), "{minted:?}");
}

#[test]
fn a_pass_comes_from_the_argument_standard_input_or_the_environment() {
    let hallpass = Hallpass::connected();
    let pass = mint(&hallpass);
    let argument = hallpass.run(&["inspect", &pass, "--json"]).done();
    let environment =
        ended(hallpass.command(&["inspect", "--json"]).env("HALLPASS_PASS", &pass).spawn().unwrap());
    let mut child = hallpass.command(&["inspect", "-", "--json"]).stdin(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{pass}").unwrap();
    assert_eq!(environment.done(), argument);
    assert_eq!(ended(child).done(), argument);
    let bare = pass.strip_prefix("hallpass_").unwrap();
    assert_eq!(hallpass.run(&["inspect", bare, "--json"]).done(), argument);
}

#[test]
fn a_child_pass_is_made_without_a_home_and_says_what_it_loses() {
    let hallpass = Hallpass::connected();
    let pass = mint(&hallpass);
    let elsewhere = Hallpass::nowhere();
    let child = elsewhere.run(&["attenuate", &pass, "--only", "gmail.users.messages.list", "--for", "5m"]);
    assert!(child.stderr.contains("loses `gmail.users.messages.get` on `gmail`"), "{child:?}");
    let child = child.done();
    assert_eq!(elsewhere.run(&["can", &child, "GET", LIST]).code, Some(0));
    assert_eq!(elsewhere.run(&["can", &child, "GET", ONE]).code, Some(2));
    assert_eq!(elsewhere.run(&["can", &pass, "GET", ONE]).code, Some(0));
    assert!(!elsewhere.home().exists(), "an offline command made a home");
}

#[test]
fn can_answers_one_request_by_its_exit_code() {
    let hallpass = Hallpass::connected();
    let pass = mint(&hallpass);
    for (method, url, code) in [
        ("GET", LIST, 0),
        ("GET", "http://127.0.0.1:7411/gmail/gmail/v1/users/me/messages", 0),
        ("DELETE", ONE, 2),
        ("POST", "https://gmail.googleapis.com/gmail/v1/users/me/messages/send", 2),
        ("GET", "https://gmail.googleapis.com/gmail/v1/nowhere", 2),
        ("GET", "https://api.github.com/user", 2),
        ("FETCH", LIST, 64),
        ("GET", "not a url", 64),
    ] {
        let answer = hallpass.run(&["can", &pass, method, url]);
        assert_eq!(answer.code, Some(code), "{method} {url}: {answer:?}");
    }
    let denied = hallpass.run(&["can", &pass, "DELETE", ONE, "--json"]);
    let decision = json(&denied.stdout);
    assert_eq!(decision["decision"], "deny");
    assert_eq!(decision["operation"], "gmail.users.messages.delete");
    assert!(decision["reasons"].as_array().is_some_and(|reasons| !reasons.is_empty()), "{decision}");
}

#[test]
fn the_table_of_a_pass_has_every_operation_of_its_connections() {
    let hallpass = Hallpass::connected();
    let pass = mint(&hallpass);
    let all = json(&hallpass.run(&["can", &pass, "--json"]).done());
    let show = |answer| json(&hallpass.run(&["can", &pass, "--show", answer, "--json"]).done());
    let counts: Vec<_> = ["allow", "ask", "deny"].map(|answer| show(answer).as_array().unwrap().len()).into();
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    assert_eq!(counts.iter().sum::<usize>(), all.as_array().unwrap().len());
}

#[test]
fn a_revoked_pass_is_listed_so() {
    let hallpass = Hallpass::connected();
    mint(&hallpass);
    let id = json(&hallpass.run(&["passes", "--json"]).done())[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(hallpass.run(&["revoke", &id, "--because", "it is done"]).done(), id);
    assert!(hallpass.run(&["revoke", &id]).stderr.contains("was revoked before"));
    let passes = json(&hallpass.run(&["passes", "--status", "revoked", "--json"]).done());
    assert_eq!(passes[0]["id"], id.as_str());
    assert_eq!(hallpass.run(&["passes", "--status", "live"]).done(), "");
}

#[test]
fn disconnecting_revokes_at_the_provider_and_forgets() {
    let hallpass = Hallpass::connected();
    let gone = hallpass.run(&["disconnect", "gmail"]);
    assert!(gone.stderr.contains("the provider has revoked the grant"), "{gone:?}");
    assert_eq!(gone.done(), "gmail (ada@example.com)");
    assert_eq!(hallpass.run(&["connections"]).done(), "");
    let hint = hallpass.run(&["disconnect", "gmail"]);
    assert_eq!(hint.code, Some(64), "{hint:?}");
}

#[test]
fn commands_go_through_the_authority_that_runs() {
    let hallpass = Hallpass::connected();
    let running = Running::start(&hallpass);
    let socket = running.ready["socket"].as_str().unwrap().to_owned();
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);

    // The home is locked, so only the socket can have answered.
    let pass = mint(&hallpass);
    assert_eq!(json(&hallpass.run(&["passes", "--json"]).done()).as_array().unwrap().len(), 1);
    let connection = &json(&hallpass.run(&["connections", "--json"]).done())[0];
    let gateway = running.ready["gateway"].as_str().unwrap();
    assert!(connection["base_url"].as_str().unwrap().contains(gateway), "{connection}");
    let doctor = hallpass.run(&["doctor"]);
    assert!(doctor.stdout.contains("runs as process"), "{doctor:?}");

    let second = hallpass.run(&["serve"]);
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.stderr.contains("runs on"), "{second:?}");

    assert!(!pass.is_empty());
    assert_eq!(running.end("TERM").code, Some(0));
    assert!(!std::path::Path::new(&socket).exists());
}

#[test]
fn an_authority_of_a_test_that_ends_early_ends_with_it() {
    let hallpass = Hallpass::initialised();
    let running = Running::start(&hallpass);
    let gateway = running.ready["gateway"].as_str().unwrap().to_owned();
    assert!(std::net::TcpStream::connect(&gateway).is_ok());
    drop(running);
    assert!(std::net::TcpStream::connect(&gateway).is_err(), "it serves still");
}

#[test]
fn administration_answers_on_the_socket_and_on_no_port() {
    let hallpass = Hallpass::connected();
    let running = Running::start(&hallpass);
    let authority = running.ready["authority"].as_str().unwrap().to_owned();
    let gateway = running.ready["gateway"].as_str().unwrap().to_owned();
    assert!(get(&authority, "/healthz").starts_with("HTTP/1.1 200"));
    assert!(get(&authority, "/metrics").starts_with("HTTP/1.1 200"));
    assert!(get(&authority, "/.well-known/hallpass").contains("public_key"));
    for path in
        ["/v1/connections", "/v1/passes", "/v1/log", "/v1/keys", "/v1/status", "/v1/stop", "/v1/stops"]
    {
        assert!(get(&authority, path).starts_with("HTTP/1.1 404"), "{path}");
        let answer = get(&gateway, path);
        assert!(!answer.starts_with("HTTP/1.1 2"), "{path}: {answer}");
    }
    running.end("INT");
}

#[test]
fn a_gateway_is_called_by_its_own_names_alone() {
    let hallpass = Hallpass::connected();
    let settings =
        hallpass.good_settings().replacen("[gateway]\n", "[gateway]\nnames = [\"gateway.test\"]\n", 1);
    hallpass.settings(&settings);
    let running = Running::start(&hallpass);
    let gateway = running.ready["gateway"].as_str().unwrap();
    for (host, status) in [("gateway.test", 200), ("GATEWAY.test:7411", 200), ("other.test", 400)] {
        let answer = get_from(gateway, host, "/.well-known/hallpass");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{host}: {answer}");
    }
    running.end("TERM");
}

#[test]
fn a_killed_authority_leaves_nothing_that_stands_in_the_way() {
    let hallpass = Hallpass::connected();
    let running = Running::start(&hallpass);
    let socket = running.ready["socket"].as_str().unwrap().to_owned();
    running.end("KILL");
    assert!(std::path::Path::new(&socket).exists());
    assert_eq!(json(&hallpass.run(&["connections", "--json"]).done())[0]["name"], "gmail");
    let again = Running::start(&hallpass);
    assert_eq!(again.end("TERM").code, Some(0));
}

#[test]
fn a_socket_that_others_could_use_is_refused() {
    let hallpass = Hallpass::connected();
    let running = Running::start(&hallpass);
    let socket = running.ready["socket"].as_str().unwrap().to_owned();
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666)).unwrap();
    let refused = hallpass.run(&["connections"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("expected mode 600"), "{refused:?}");
    running.end("TERM");
}

#[test]
fn a_followed_log_shows_what_happens() {
    let hallpass = Hallpass::connected();
    let running = Running::start(&hallpass);
    let mut follower = hallpass.command(&["log", "--follow", "--kind", "event", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("event"));
    mint(&hallpass);
    let give_up = Instant::now() + Duration::from_secs(30);
    while !lines.next().unwrap().unwrap().contains("\"minted\"") {
        assert!(Instant::now() < give_up, "the minting was not shown");
    }
    follower.kill().unwrap();
    follower.wait().unwrap();
    running.end("TERM");
}

#[test]
fn a_reader_that_stops_reading_is_no_failure() {
    let hallpass = Hallpass::nowhere();
    let mut child = hallpass.command(&["services", "show", "github"]).spawn().unwrap();
    drop(child.stdout.take());
    let ended = ended(child);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let hallpass = Hallpass::nowhere();
    let files = hallpass.run(&["man", "--out", folder.path().to_str().unwrap()]).done();
    for command in ["", "-mint", "-keys-rotate", "-services-import", "-log-verify"] {
        let file = folder.path().join(format!("hallpass{command}.1"));
        let page =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
        assert!(files.contains(file.to_str().unwrap()));
    }
}
