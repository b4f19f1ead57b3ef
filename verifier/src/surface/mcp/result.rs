//! The result of a call, as a model reads it: the service's answer as compact text, or one sentence with what to do.
//!
//! An answer is text alone. Clients show a model either the text or the structure, and both together cost twice. What is
//! too long is cut between items, and says what was left out.

use bytes::Bytes;
use datalog::json::Json;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};

use crate::answer::body::AnswerBody;
use crate::answer::problem;
use crate::answer::reply::Reply;
use crate::memory::Memory;
use crate::refusal::Explanation;
use crate::refusal::unanswered::Unanswered;

/// The most bytes of an answer that are read before it is cut.
const WHOLE: usize = 8 * 1024 * 1024;
/// Beyond this, each step of this size needs memory from all answers' share.
const STEP: usize = 64 * 1024;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallEnd {
    Well,
    /// The model is told that it did not work.
    Badly,
}

/// Returns a result with this text.
pub(crate) fn text(text: &str, ended: CallEnd) -> Value {
    let mut result = json!({"content": [{"type": "text", "text": text}]});
    if let (CallEnd::Badly, Some(fields)) = (ended, result.as_object_mut()) {
        fields.insert("isError".into(), json!(true));
    }
    result
}

/// Returns the result of a request that the service did not answer.
pub(crate) fn stopped(unanswered: &Unanswered, told: &Explanation) -> Value {
    let members: Map<String, Value> = problem::problem(unanswered, told);
    let sentence = problem::message(unanswered, told);
    text(&format!("{sentence}\n{}", Value::Object(members)), CallEnd::Badly)
}

/// Returns the result of the service's answer, in at most `most` characters.
pub(crate) async fn answered(reply: Reply, service: &str, most: usize, memory: &Memory) -> Value {
    let Reply { status, headers, body } = reply;
    let read = read(body, memory).await;
    let shown = match read {
        AnswerRead::Whole(bytes) => shown(&headers, &bytes, most),
        AnswerRead::TooLarge => {
            "the answer is larger than 8 MB: ask for less of it, or use the base URL, which streams"
                .to_owned()
        }
        AnswerRead::NoRoom => {
            "the gateway has no room for so large an answer just now: ask for less of it, or later".to_owned()
        }
        AnswerRead::CutOff => {
            return text(&format!("{service} answered, and its answer broke off"), CallEnd::Badly);
        }
    };
    if status.is_success() {
        return text(if shown.is_empty() { "done; the answer is empty" } else { &shown }, CallEnd::Well);
    }
    text(&format!("{service} answered {}: {shown}", of_status(status)), CallEnd::Badly)
}

fn of_status(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

enum AnswerRead {
    Whole(Bytes),
    TooLarge,
    NoRoom,
    CutOff,
}

async fn read(mut body: AnswerBody, memory: &Memory) -> AnswerRead {
    let (mut whole, mut shares) = (Vec::new(), Vec::new());
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return AnswerRead::CutOff };
        whole.extend_from_slice(&frame.into_data().unwrap_or_default());
        if whole.len() > WHOLE {
            return AnswerRead::TooLarge;
        }
        while whole.len() > (shares.len() + 1) * STEP {
            match memory.for_held_answer(STEP) {
                Some(share) => shares.push(share),
                None => return AnswerRead::NoRoom,
            }
        }
    }
    AnswerRead::Whole(whole.into())
}

fn shown(headers: &HeaderMap, bytes: &[u8], most: usize) -> String {
    if let Ok(json) = Json::parse(bytes) {
        return cut_json(json, most);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => cut_text(text, most),
        Err(_) => {
            let kind =
                headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("unknown content");
            format!("{} bytes of {kind}: fetch them by the base URL, which passes bytes on", bytes.len())
        }
    }
}

/// Each round halves a list. An answer of many small lists is cut as text.
const MOST_ROUNDS: u32 = 24;

fn cut_text(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most).collect();
    format!("{start}\n[{} more characters were left out]", count - most)
}

/// Writes JSON compactly. Items are left out from the end of its longest list until it fits.
fn cut_json(mut json: Json, most: usize) -> String {
    let mut text = json.to_text();
    let mut left_out = 0;
    let mut rounds = 0;
    while text.chars().count() > most {
        rounds += 1;
        let list = longest(&mut json).filter(|_| rounds <= MOST_ROUNDS);
        let Some(list) = list else { return cut_text(&text, most) };
        let drop = list.len().div_ceil(2);
        list.truncate(list.len() - drop);
        left_out += drop;
        text = json.to_text();
    }
    if left_out == 0 {
        return text;
    }
    format!("{text}\n[{left_out} more items were left out: ask for fewer, or for the next page]")
}

/// Returns the list with the most text, at most a few levels deep.
fn longest(json: &mut Json) -> Option<&mut Vec<Json>> {
    fn search(json: &mut Json, depth: usize) -> Option<(usize, &mut Vec<Json>)> {
        match json {
            Json::Array(items) if !items.is_empty() => {
                Some((items.iter().map(|item| item.to_text().len()).sum(), items))
            }
            Json::Object(fields) if depth < 4 => {
                let found = fields.iter_mut().filter_map(|(_, value)| search(value, depth + 1));
                found.max_by_key(|(length, _)| *length)
            }
            _ => None,
        }
    }
    search(json, 0).map(|(_, list)| list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_compact_and_what_is_left_out_is_said() {
        let none = HeaderMap::new();
        assert_eq!(shown(&none, b"{ \"a\" : [ 1 , 2 ] }", 100), r#"{"a":[1,2]}"#);
        let items: Vec<String> = (0..1_000).map(|n| format!(r#"{{"id":"m{n}"}}"#)).collect();
        let long = format!(r#"{{"messages":[{}],"nextPageToken":"t"}}"#, items.join(","));
        let cut = shown(&none, long.as_bytes(), 500);
        assert!(
            cut.len() < 700 && cut.contains("nextPageToken") && cut.contains("more items were left out"),
            "{cut}"
        );
        let (json, _) = cut.split_once('\n').unwrap();
        assert!(Json::parse(json.as_bytes()).is_ok(), "what is left is JSON: {json}");
        let text = shown(&none, format!(r#"{{"body":"{}"}}"#, "x".repeat(900)).as_bytes(), 500);
        assert!(text.ends_with("more characters were left out]"), "{text}");
        assert_eq!(
            shown(&none, &[0xff, 0xfe], 500),
            "2 bytes of unknown content: fetch them by the base URL, which passes bytes on"
        );
    }
}
