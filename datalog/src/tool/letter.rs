//! A letter in parts: a tool takes `to`, `subject` and `text`, and this makes the message of them.
//!
//! Nobody writes base64, and a person who is asked sees what the agent wrote. The message has no date, no id and no
//! boundary, so the same parts make the same bytes: a call that is repeated is the same question.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::request::decode::Address;
use crate::tool::arguments::{LetterPlace, Place, ToolArgument};
use crate::words::json::Json;
use crate::words::message::Message;

/// The parts that a letter must have.
pub(crate) const REQUIRED: [&str; 2] = ["to", "text"];

/// The parts that hold addresses.
const PEOPLE: [(&str, &str); 3] = [("to", "To"), ("cc", "Cc"), ("bcc", "Bcc")];
const ALL: [&str; 7] = ["to", "cc", "bcc", "subject", "text", "threadId", "inReplyTo"];

/// Letters of base64 in one line of a text (RFC 2045, section 6.8), and in one word of a header.
const LINE: usize = 76;
/// Bytes of one encoded word, so that it stays within 75 letters (RFC 2047, section 2).
const WORD: usize = 42;

impl LetterPlace<'_> {
    /// The path of a field of the object that holds the message.
    pub(crate) fn beside(&self, name: &str) -> String {
        self.around.map_or_else(|| name.to_owned(), |around| format!("{around}.{name}"))
    }

    /// Whether the letter's parts stand in place of this argument.
    pub(crate) fn holds(&self, one: &ToolArgument<'_>) -> bool {
        match self.around {
            Some(around) => one.place == Place::Field && one.name == around,
            // Beside `raw` stands a message in Gmail's own form, which says the same again.
            None => one.place == Place::Field,
        }
    }
}

/// The schemas of the parts.
pub(crate) fn properties() -> Map<String, Value> {
    let people = |what: &str| json!({"type": "array", "items": {"type": "string"}, "description": what});
    let text = |what: &str| json!({"type": "string", "description": what});
    let all = [
        ("to", people("plain addresses, such as alice@example.com")),
        ("cc", people("plain addresses")),
        ("bcc", people("plain addresses")),
        ("subject", text("plain text, in one line")),
        ("text", text("the letter as plain text")),
        ("threadId", text("the id of the thread that the letter belongs to")),
        ("inReplyTo", text("the Message-ID of the letter that this one answers, with its angle brackets")),
    ];
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// Whether a call's key is a part of a letter.
pub(crate) fn is_part(key: &str) -> bool {
    ALL.contains(&key)
}

/// The object that holds the message of these parts.
pub(crate) fn object(parts: &[(String, Json)]) -> Result<Json, Message> {
    let mut lines = Vec::new();
    for (part, header) in PEOPLE {
        let addresses = addresses(part, value(parts, part))?;
        if part == "to" && addresses.is_empty() {
            return Err(Message::new("`to` names nobody: expected a list of addresses"));
        }
        if !addresses.is_empty() {
            lines.push(format!("{header}: {}", addresses.join(",\r\n ")));
        }
    }
    lines.push(format!("Subject: {}", header_text(line("subject", parts)?.unwrap_or_default())));
    if let Some(id) = line("inReplyTo", parts)? {
        let is_id = id.starts_with('<') && id.ends_with('>') && id.len() <= 900;
        if !is_id || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Message::new("`inReplyTo` is not a Message-ID: expected `<…@…>`"));
        }
        lines.push(format!("In-Reply-To: {id}\r\nReferences: {id}"));
    }
    let Some(Json::String(text)) = value(parts, "text") else {
        return Err(Message::new("`text` is missing: expected the letter as plain text"));
    };
    lines.push("MIME-Version: 1.0".into());
    lines.push("Content-Type: text/plain; charset=utf-8".into());
    lines.push("Content-Transfer-Encoding: base64".into());
    let message = format!("{}\r\n\r\n{}", lines.join("\r\n"), wrapped(&STANDARD.encode(crlf(text))));
    let mut fields = vec![("raw".to_owned(), Json::String(URL_SAFE_NO_PAD.encode(message)))];
    if let Some(thread) = line("threadId", parts)? {
        fields.push(("threadId".into(), Json::String(thread.to_owned())));
    }
    Ok(Json::Object(fields))
}

fn value<'a>(parts: &'a [(String, Json)], part: &str) -> Option<&'a Json> {
    parts.iter().find(|(name, _)| name == part).map(|(_, value)| value)
}

/// The text of a part that is one line.
fn line<'a>(part: &str, parts: &'a [(String, Json)]) -> Result<Option<&'a str>, Message> {
    match value(parts, part) {
        None => Ok(None),
        Some(Json::String(text)) if !text.chars().any(char::is_control) => Ok(Some(text)),
        Some(_) => Err(Message::new(format!("`{part}` is not one line of text"))),
    }
}

fn addresses(part: &str, value: Option<&Json>) -> Result<Vec<String>, Message> {
    let wrong = || {
        let says = format!("`{part}` is not a list of plain addresses: expected [\"alice@example.com\"]");
        Message::new(says).hint("leave out names and angle brackets")
    };
    let texts: Vec<&str> = match value {
        None => Vec::new(),
        Some(Json::String(text)) => vec![text],
        Some(Json::Array(items)) => {
            items.iter().map(Json::as_str).collect::<Option<_>>().ok_or_else(wrong)?
        }
        Some(_) => return Err(wrong()),
    };
    let address =
        |text: &str| text.parse::<Address>().map(|address| address.as_str().to_owned()).map_err(|_| wrong());
    texts.into_iter().map(address).collect()
}

/// A text as a header has it: plain ASCII as it is, and anything else as encoded words (RFC 2047).
fn header_text(text: &str) -> String {
    let is_plain =
        text.len() <= 900 && text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && !text.contains("=?");
    if is_plain {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for letter in text.chars() {
        if words.last().is_some_and(|word| word.len() + letter.len_utf8() > WORD) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    let words: Vec<String> =
        words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect();
    words.join("\r\n ")
}

/// The text with each line ended by CR LF.
fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

fn wrapped(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / LINE * 2 + 2);
    for (place, letter) in text.chars().enumerate() {
        if place > 0 && place % LINE == 0 {
            lines.push_str("\r\n");
        }
        lines.push(letter);
    }
    lines + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::decode::fields;

    fn made(parts: &str) -> Result<String, String> {
        let Json::Object(parts) = Json::parse(parts.as_bytes()).unwrap() else { panic!("{parts}") };
        let object = object(&parts).map_err(|message| message.in_full())?;
        let raw = object.field("raw").and_then(Json::as_str).unwrap().to_owned();
        Ok(String::from_utf8(URL_SAFE_NO_PAD.decode(raw).unwrap()).unwrap())
    }

    #[test]
    fn the_parts_are_a_letter_that_the_strict_reader_reads() {
        let text = made(
            r#"{"to":["a@x.example","B@x.example"],"bcc":"c@x.example","subject":"Grüße aus einer sehr langen Zeile, die in zwei Wörter muss",
               "text":"one\ntwo","threadId":"t1","inReplyTo":"<1@x.example>"}"#,
        )
        .unwrap();
        assert!(
            text.starts_with("To: a@x.example,\r\n b@x.example\r\nBcc: c@x.example\r\nSubject: =?utf-8?B?"),
            "{text}"
        );
        assert!(
            text.contains("In-Reply-To: <1@x.example>\r\n") && text.ends_with("b25lDQp0d28=\r\n"),
            "{text}"
        );
        assert!(fields(text.as_bytes()).is_ok());
        let same = r#"{"to":["a@x.example"],"text":"x"}"#;
        assert_eq!(made(same), made(same));
    }

    #[test]
    fn no_part_starts_a_header_of_its_own() {
        for bad in [
            r#"{"to":["a@x.example\r\nBcc: x@y.example"],"text":"x"}"#,
            r#"{"to":["a@x.example, x@y.example"],"text":"x"}"#,
            r#"{"to":["Bob <a@x.example>"],"text":"x"}"#,
            r#"{"to":["a@x.example"],"subject":"a\nBcc: x@y.example","text":"x"}"#,
            r#"{"to":["a@x.example"],"inReplyTo":"<1>\r\nBcc: x@y.example","text":"x"}"#,
            r#"{"to":["a@x.example"],"inReplyTo":"1","text":"x"}"#,
            r#"{"to":[],"text":"x"}"#,
            r#"{"to":[{"a":1}],"text":"x"}"#,
            r#"{"to":["a@x.example"]}"#,
        ] {
            assert!(made(bad).is_err(), "{bad}");
        }
        let told = made(r#"{"to":["a@x.example"],"subject":"=?utf-8?B?QmNjOiB4?=","text":"x"}"#).unwrap();
        assert!(!told.contains("QmNjOiB4"), "an encoded word of the agent stays text: {told}");
    }
}
