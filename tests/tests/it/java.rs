//! Java's own HTTP client, unchanged: it offers HTTP/2 with every request, and gets its answers in HTTP/1.1.

use std::process::Command;

use harness::{Hallpass, LoggingUpstream};

/// `tests/run` does not install a JDK. Without one, `an_offer_of_http2_is_answered_in_http1` tests the bytes that
/// were seen here.
fn has_java() -> bool {
    Command::new("java").arg("-version").output().is_ok_and(|output| output.status.success())
}

#[test]
fn javas_own_client_works_as_it_comes() {
    if !has_java() {
        return;
    }
    let upstream = LoggingUpstream::start();
    let mut hallpass = Hallpass::new().with_logging(&upstream);
    hallpass.serve();
    let pass =
        hallpass.mint(&["comment", "--allow", "github:read", "--allow", "github.issues/create-comment"]);
    let output = Command::new("java")
        .args(["-XX:TieredStopAtLevel=1", "-Xshare:auto"])
        .arg(harness::source::root().join("tests/agents/Offers.java"))
        .env("BASE", hallpass.base("github"))
        .env("PASS", &pass)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(printed.lines().collect::<Vec<_>>(), ["200 HTTP_1_1"; 5], "{output:?}");
    let logged = upstream.logged();
    assert_eq!(logged.len(), 5);
    let texts: Vec<String> = logged.iter().map(harness::Logged::text).collect();
    assert!(texts.iter().all(|text| !text.to_lowercase().contains("h2c")), "{texts:?}");
}
