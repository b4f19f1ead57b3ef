//! The content of a file arrives byte for byte, whatever its type. Only the API's own JSON is changed.

use crate::common::{Reply, Stage, Step, request};
use datalog::{MintArgs, Narrowing, flags};

/// A file that looks like a service's answer.
const FILE: &str = r#"{"url": "https://www.googleapis.com/robot/v1/metadata", "more_url": "https://api.github.com/x",
 "temp_clone_token": "keep me", "download_url": "keep me","slashes_url":"https:\/\/api.github.com\/y"}"#;

/// The operation, its `Accept`, and the type of the answer.
const FILES: &[(&str, &str, &str)] = &[
    ("/google-drive/drive/v3/files/f1?alt=media", "*/*", "application/json"),
    ("/google-drive/drive/v3/files/f1?alt=media", "application/json", "application/json; charset=utf-8"),
    ("/google-drive/drive/v3/files/f1?fields=id&alt=media", "*/*", "application/geo+json"),
    ("/google-drive/drive/v3/files/f1/revisions/r1?alt=media", "*/*", "application/json"),
    ("/google-drive/drive/v3/files/f1/export?mimeType=application%2Fjson", "*/*", "application/json"),
    (
        "/github/repos/o/r/contents/a.json",
        "application/vnd.github.raw+json",
        "application/vnd.github.raw+json; charset=utf-8",
    ),
    ("/github/repos/o/r/contents/a.json", "application/vnd.github.v3.raw", "application/json"),
    ("/github/repos/o/r/contents/a.json", "application/vnd.github.raw", "application/json"),
    (
        "/github/repos/o/r/contents/a.md",
        "application/vnd.github.html+json",
        "application/vnd.github.html+json",
    ),
    ("/github/repos/o/r/readme", "application/vnd.github.raw+json", "application/vnd.github.raw+json"),
    ("/github/repos/o/r/git/blobs/abc", "application/vnd.github.raw+json", "application/vnd.github.raw+json"),
    ("/github/repos/o/r/releases/assets/1", "application/octet-stream", "application/json"),
    ("/github/repos/o/r/license", "application/vnd.github.raw+json", "application/json"),
    ("/github/repos/o/r/code-scanning/analyses/1", "application/sarif+json", "application/sarif+json"),
];

fn answered(stage: &Stage, pass: &str, (target, accept, kind): (&str, &str, &str)) -> Reply {
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{FILE}", FILE.len());
    stage.upstream.answers(move |_| vec![Step::send(answer.clone())]);
    let own = format!("Authorization: Bearer {pass}");
    stage.send(request("GET", target, &[&own, &format!("Accept: {accept}")], b""))
}

#[test]
fn what_a_file_holds_is_passed_on_as_it_is() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github", "google-drive"]);
    for file in FILES {
        let reply = answered(&stage, &pass, *file);
        assert_eq!((reply.status, reply.text().as_str()), (200, FILE), "{file:?}");
        assert_eq!(reply.header("content-length"), Some(FILE.len().to_string().as_str()), "{file:?}");
    }
}

#[test]
fn a_file_is_no_answer_that_a_pass_could_judge() {
    let stage = Stage::new();
    for narrow in [
        Narrowing::default().with(&flags::REDACT, ["google-drive:name", "github:url"]),
        Narrowing::default().with(&flags::MAX_ITEMS, ["google-drive:5", "github:5"]),
    ] {
        let allow = vec!["github:read".into(), "google-drive:read".into(), "github:secret".into()];
        let pass = stage.mint(&MintArgs { allow, narrow, ..MintArgs::default() });
        for file in FILES {
            let before = stage.upstream.seen().len();
            let reply = answered(&stage, &pass, *file);
            assert_eq!((reply.status, reply.code().as_str()), (403, "unevaluable"), "{file:?}");
            assert_eq!(stage.upstream.seen().len(), before, "{file:?} is refused before it is sent");
        }
    }
}

#[test]
fn the_apis_own_json_is_led_back_and_masked_in_every_form_of_it() {
    let stage = Stage::new();
    let pass = stage.pass_for_everything(&["github", "google-drive"]);
    for (target, accept) in [
        ("/github/repos/o/r/contents/a.json", "application/json"),
        ("/github/repos/o/r/contents/a.json", "application/vnd.github+json"),
        ("/github/repos/o/r/contents/a.json", "application/vnd.github.object+json"),
        ("/github/repos/o/r/issues/1", "application/vnd.github.raw+json"),
        ("/github/repos/o/r/issues/1", "application/vnd.github.full+json"),
        ("/github/gists/g1", "application/vnd.github.raw+json"),
        ("/github/repos/o/r/releases/assets/1", "application/json"),
    ] {
        let text = answered(&stage, &pass, (target, accept, "application/json")).text();
        assert!(!text.contains("keep me") && !text.contains("api.github.com"), "{target} {accept}: {text}");
    }
    // Drive's own JSON is changed, and so are its errors for requests of a file.
    let text = answered(&stage, &pass, ("/google-drive/drive/v3/files/f1", "*/*", "application/json")).text();
    assert!(!text.contains("\"https://www.googleapis.com"), "{text}");
}

/// People's own texts are not rewritten.
#[test]
fn a_text_that_begins_with_a_url_stays_as_it_was_written() {
    let stage = Stage::new();
    let pass = stage.pass(&["github:read"]);
    let answer = r#"{"url":"https://api.github.com/a","body":"https://api.github.com/b is the call","content":"https://api.github.com/c","files":{"x.txt":{"content":"https://api.github.com/d","raw_url":"https://api.github.com/e"}},"title":"https://api.github.com/f","links":["https://api.github.com/g"],"labels":["https://api.github.com/h"],"_links":{"self":{"href":"https://api.github.com/i"},"html":"https://api.github.com/j"}}"#;
    let text = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
        answer.len()
    );
    stage.upstream.answers(move |_| vec![Step::send(text.clone())]);
    let told = stage.get(&pass, "/github/gists/g1").text();
    for kept in ["b is the call", "c", "d", "f", "h"] {
        assert!(told.contains(&format!("\"https://api.github.com/{kept}\"")), "{kept}: {told}");
    }
    for led in ["a", "e", "g", "i", "j"] {
        assert!(told.contains(&format!("/github/{led}\"")), "{led}: {told}");
    }
}
