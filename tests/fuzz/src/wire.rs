//! The gateway's readers of bytes: heads of requests, and answers on their way to an agent.

use std::collections::BTreeMap;

use datalog::json::Json;
use verifier::readers::{Read, heads, json_answer, unpacked};

/// A connection's bytes. In pieces of any size, the same is read. hyper reads every head that it is given, and as the
/// same request. hyper gets the bytes that came, in lines that everybody reads the same way.
pub fn head(bytes: &[u8]) {
    let whole = heads([bytes]);
    for size in [1, 7] {
        let pieces = heads(bytes.chunks(size));
        let of = |read: &Read| (read.given.clone(), read.heads.clone(), read.flaw.is_some());
        assert_eq!(of(&pieces), of(&whole), "in pieces of {size}");
    }
    assert!(bytes.starts_with(&whole.given), "what is given is what came");
    assert_eq!(String::from_utf8_lossy(&whole.unread), "", "hyper reads what it is given");
    let disagrees =
        whole.flaw.as_deref().is_some_and(|flaw| flaw.starts_with("the start or the end of the request"));
    assert!(!disagrees, "both readers read the same");
    for place in &whole.heads {
        is_plain(
            std::str::from_utf8(&whole.given[place.clone()]).unwrap_or_else(|_| panic!("a head is ASCII")),
        );
    }
}

/// Checks that a head holds nothing that two readers could read differently.
fn is_plain(head: &str) {
    let lines = head.trim_start_matches("\r\n").strip_suffix("\r\n\r\n");
    let lines = lines.unwrap_or_else(|| panic!("it ends in an empty line: {head:?}"));
    let mut lines = lines.split("\r\n");
    let request: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    assert!(matches!(request[..], [_, _, "HTTP/1.0" | "HTTP/1.1"]), "{head:?}");
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines {
        assert!(!line.contains(['\r', '\n', '\0']), "{head:?}");
        let (name, _) = line.split_once(':').unwrap_or_else(|| panic!("a header has a colon: {head:?}"));
        let is_name = |c: char| c.is_ascii_graphic() && c != '_';
        assert!(!name.is_empty() && name.chars().all(is_name), "{head:?}");
        *said.entry(name.to_ascii_lowercase()).or_default() += 1;
    }
    let (length, coding) = (said.get("content-length"), said.get("transfer-encoding"));
    assert!(
        length.copied().unwrap_or(0) + coding.copied().unwrap_or(0) <= 1,
        "one end of the body: {head:?}"
    );
}

const TOKEN: &str = "ya29.fuzz/oz+jk_lmn=";
const ORIGIN: &str = "https://api.example.com";
const BASE: &str = "http://127.0.0.1:7411/example";
const MASKED: &str = "token";

/// An answer in JSON, perhaps in gzip. In pieces of any size, the same goes on. The credential is not in it. JSON stays
/// JSON with the same values, except for what is masked and what is led back.
pub fn passed_on(bytes: &[u8]) {
    let text = if bytes.starts_with(&[0x1f, 0x8b]) { unpacked(bytes) } else { Some(bytes.to_vec()) };
    let Some(text) = text.filter(|text| text.len() <= 64 * 1024) else { return };
    let masked = [MASKED.to_owned()];
    let passed = |size| json_answer(TOKEN, &masked, (ORIGIN, BASE), text.chunks(std::cmp::max(1, size)));
    let whole = passed(text.len());
    for size in [1, 2, 13] {
        let pieces = passed(size);
        assert_eq!(String::from_utf8_lossy(&pieces), String::from_utf8_lossy(&whole), "in pieces of {size}");
    }
    let shown = String::from_utf8_lossy(&whole);
    assert!(!shown.contains(TOKEN), "{shown}");
    let Ok(before) = Json::parse(&text) else { return };
    let after = Json::parse(&whole).unwrap_or_else(|_| panic!("it is JSON still: {shown}"));
    // The filter knows a name only as it is written, without `\u` escapes.
    if !text.windows(2).any(|two| two == b"\\u") {
        is_same(&before, &after, "");
    }
}

fn is_same(before: &Json, after: &Json, name: &str) {
    match (before, after) {
        (Json::Array(before), Json::Array(after)) => {
            assert_eq!(before.len(), after.len());
            before.iter().zip(after).for_each(|(before, after)| is_same(before, after, ""));
        }
        (Json::Object(before), Json::Object(after)) => {
            assert_eq!(before.len(), after.len());
            for ((name, before), (_, after)) in before.iter().zip(after) {
                is_same(before, after, name);
            }
        }
        (Json::String(_), Json::String(after)) if name == MASKED => {
            assert!(after.chars().all(|c| c == '*'), "{after:?}");
        }
        (Json::String(before), Json::String(after)) => {
            let led = before.strip_prefix(ORIGIN).map(|rest| format!("{BASE}{rest}"));
            assert!(
                before == after || led.as_ref() == Some(after) || after.contains("*"),
                "{before:?} {after:?}"
            );
        }
        (before, after) => assert_eq!(before, after),
    }
}
