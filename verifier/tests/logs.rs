//! Nothing secret is written down: not the pass, not the credential, not what the agent or the upstream said.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

#[path = "it/common/mod.rs"]
mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use common::{CREDENTIAL, Stage, Step, json, request};

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn lines(&self) -> Vec<String> {
        let written = self.0.lock().unwrap().clone();
        String::from_utf8(written).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_secret_and_no_content_is_logged_or_recorded() {
    let page = Page::default();
    let writer = page.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();

    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github", "gmail"]);
    let line = format!("Authorization: Bearer {pass}");
    let echo = format!(r#"{{"echo":"{CREDENTIAL}","said":"answer-sentinel"}}"#);
    stage.upstream.answers(move |_| json("200 OK", &echo));
    let kind = "Content-Type: application/json";
    let comment = request(
        "POST",
        "/github/repos/o/r/issues/1/comments",
        &[&line, kind],
        br#"{"body":"body-sentinel"}"#,
    );
    let requests = [
        comment.clone(),
        request("GET", "/gmail/gmail/v1/users/me/messages?q=query-sentinel", &[&line], b""),
        request("GET", "/gmail/gmail/v1/users/me/messages?access_token=query-sentinel", &[&line], b""),
        request("GET", &format!("/github/{pass}"), &[&line], b""),
        request("GET", "/github/user", &["Authorization: Bearer ghp_header-sentinel"], b""),
        request("GET", "/github/user", &[&line, "Cookie: header-sentinel"], b""),
        b"GET /github/user HTTP/1.1\r\nbroken header-sentinel\r\n\r\n".to_vec(),
    ];
    for bytes in requests {
        stage.send(bytes);
    }
    stage.upstream.answers(|_| vec![Step::Close]);
    stage.send(comment);

    // One failure makes one line, even if several parts of the program noticed it.
    stage.upstream.answers(|_| json("401 Unauthorized", "{}"));
    *stage.authority.renews.lock().unwrap() = common::Renews::ProviderIsDown;
    let before = page.lines().len();
    assert_eq!(stage.get(&pass, "/github/user").code(), "upstream-unreachable");
    let lines = page.lines().split_off(before);
    let warned: Vec<_> =
        lines.iter().filter(|line| line.contains(" WARN ") || line.contains(" ERROR ")).collect();
    assert_eq!(warned.len(), 1, "{warned:#?}");
    assert!(
        warned[0].contains("because=it is down") && warned[0].contains("connection=\"github\""),
        "{warned:?}"
    );

    let logged = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    let recorded = format!("{:?}", stage.authority.written());
    let proof = &pass[pass.len() - 40..];
    assert!(logged.contains("not answered"), "nothing was logged at all");
    for text in [&logged, &recorded] {
        for secret in
            [proof, CREDENTIAL, "body-sentinel", "query-sentinel", "header-sentinel", "answer-sentinel"]
        {
            assert!(!text.contains(secret), "`{secret}` was written down:\n{text}");
        }
    }
}
