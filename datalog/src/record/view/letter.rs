//! A message as a person should see it before it is sent: its senders and recipients, every field, every text, its
//! attachments.
//!
//! It comes from the tree that decisions use (`decode::tree`), so nobody sees another message than the judged one. If
//! the tree refuses a message, everything but its fields counts as not shown, with the reason. HTML is shown as text.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::record::view::html::{self, Reduced};
use crate::record::view::plain::{cut, plain};
use crate::request::decode::{self, MimePart, PartContent};
use crate::request::question::is_changing;

/// The most other fields that are shown, and the most characters of one.
const FIELDS: usize = 40;
const FIELD: usize = 300;
/// A longer page is not read.
const PAGE: usize = 1024 * 1024;
/// Fields that the rest of the letter shows, or that machines write and readers hide.
const ELSEWHERE: [&str; 8] =
    ["bcc", "cc", "content-transfer-encoding", "content-type", "from", "mime-version", "subject", "to"];

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Letter {
    pub subject: String,
    pub from: String,
    /// Each as `address (name)`, if it can be read with certainty.
    #[serde(default)]
    pub to: Vec<String>,
    #[serde(default)]
    pub cc: Vec<String>,
    #[serde(default)]
    pub bcc: Vec<String>,
    /// Every other field, in order.
    #[serde(default)]
    pub fields: Vec<ShownField>,
    /// The names of hidden fields.
    #[serde(default)]
    pub fields_not_shown: Vec<String>,
    /// The text as it was read; if there are several versions, the first.
    pub text: String,
    pub characters_not_shown: usize,
    /// The type of the text: `text/plain` or `text/html`.
    #[serde(default)]
    pub kind: String,
    /// Notes about the text: what may be hidden in it, and what was left out.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Other versions of the letter's text, if they say something else.
    #[serde(default)]
    pub others: Vec<OtherText>,
    pub attachments: Vec<Attachment>,
    /// The size of attachments and of unreadable parts.
    pub bytes_not_shown: u64,
    /// Why the message, or a text of it, could not be read.
    #[serde(default)]
    pub unread: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownField {
    pub name: String,
    pub value: String,
    pub characters_not_shown: usize,
}

/// Another version of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherText {
    pub kind: String,
    pub text: String,
    pub characters_not_shown: usize,
    pub notes: Vec<String>,
}

/// A part of a message that is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub name: String,
    pub kind: String,
    pub bytes: u64,
    /// The digest of its content, in hexadecimal; empty if its encoding cannot be undone.
    #[serde(default)]
    pub sha256: String,
}

impl Attachment {
    pub(super) fn of(name: &str, kind: &str, bytes: &[u8]) -> Self {
        Self {
            name: cut(name, 200).0,
            kind: cut(kind, 100).0,
            bytes: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(bytes)),
        }
    }
}

/// A text as it was written: plain, or a page.
enum Written {
    Plain(String),
    Page(Reduced),
}

impl Letter {
    pub(super) fn read(message: &[u8], most: usize, now: OffsetDateTime) -> Self {
        let mut letter = Self::default();
        let tree = match decode::tree(message) {
            Ok(tree) => tree,
            Err(error) => {
                if let Ok(fields) = decode::fields(message) {
                    letter.head(&fields, now);
                }
                letter.unread.push(plain(&format!("the message cannot be read with certainty: {error}")));
                letter.bytes_not_shown = message.len() as u64;
                return letter;
            }
        };
        letter.head(&tree.fields, now);
        let mut texts = Vec::new();
        letter.part(&tree, &mut texts);
        letter.texts(texts, most);
        letter
    }

    /// The fields at the top. A repeated field is shown each time.
    fn head(&mut self, fields: &[(String, String)], now: OffsetDateTime) {
        let once = |wanted: &str| fields.iter().filter(|(name, _)| name == wanted).count() == 1;
        for (name, value) in fields {
            let value = value.trim_matches([' ', '\t']);
            let alone = once(name);
            match name.as_str() {
                "subject" if alone => self.subject = cut(&words(value), FIELD).0,
                "from" if alone => {
                    self.from = people(value).unwrap_or_else(|| vec![cut(value, FIELD).0]).join(", ");
                }
                "to" if alone && people(value).is_some() => self.to = people(value).unwrap_or_default(),
                "cc" if alone && people(value).is_some() => self.cc = people(value).unwrap_or_default(),
                "bcc" if alone && people(value).is_some() => self.bcc = people(value).unwrap_or_default(),
                "content-type" | "content-transfer-encoding" if alone => {}
                "mime-version" if alone && value == "1.0" => {}
                // The date differs each time the letter is built, but the question is the same.
                "date" if alone && is_changing(name, value, now) => self.field(name, "now"),
                "message-id" if alone && is_changing(name, value, now) => self.field(name, "made anew"),
                _ => self.field(name, value),
            }
        }
    }

    fn field(&mut self, name: &str, value: &str) {
        if self.fields.len() >= FIELDS {
            self.fields_not_shown.push(cut(name, 80).0);
            return;
        }
        let (value, characters_not_shown) = cut(&words(value), FIELD);
        self.fields.push(ShownField { name: cut(name, 80).0, value, characters_not_shown });
    }

    fn part(&mut self, part: &MimePart<'_>, texts: &mut Vec<(String, Written)>) {
        match &part.content {
            PartContent::Parts { before, parts } => {
                // Readers that know MIME hide this text; usually it is a sentence for those that do not.
                if !before.trim_ascii().is_empty() {
                    self.bytes_not_shown += before.len() as u64;
                    self.unread.push(format!("{} bytes stand before the first part", before.len()));
                }
                for inner in parts {
                    self.fields_of_part(inner);
                    self.part(inner, texts);
                }
            }
            PartContent::Message { body, letter } => {
                self.attach(part, &names(part), body);
                for (name, value) in &letter.fields {
                    self.field(&format!("{name} (of the message within)"), value.trim_matches([' ', '\t']));
                }
                self.part(letter, texts);
            }
            PartContent::Attached(body) => {
                self.attach(part, &names(part), &part.bytes().unwrap_or_else(|| body.to_vec()));
            }
            PartContent::Text(body) if part.disposition.is_file => {
                self.attach(part, &names(part), &part.bytes().unwrap_or_else(|| body.to_vec()));
            }
            PartContent::Text(body) => self.text(part, body, texts),
        }
    }

    fn text(&mut self, part: &MimePart<'_>, body: &[u8], texts: &mut Vec<(String, Written)>) {
        let kind = &part.kind.essence;
        let odd = |(name, _): &&(String, String)| !matches!(name.as_str(), "charset" | "format");
        if let Some((name, value)) = part.kind.parameters.iter().find(odd) {
            self.unread.push(plain(&format!("a text is marked `{name}={value}`, which readers may act on")));
        }
        match part.text() {
            Ok(text) if kind == "text/html" && text.len() <= PAGE => {
                texts.push((kind.clone(), Written::Page(html::read(&text))));
            }
            Ok(text) if kind != "text/html" => {
                texts.push((kind.clone(), Written::Plain(text.trim_end().replace("\r\n", "\n"))));
            }
            Ok(_) => self.not_shown(kind, body.len(), "it is longer than a mebibyte"),
            Err(because) => self.not_shown(kind, body.len(), &because.to_string()),
        }
    }

    fn not_shown(&mut self, kind: &str, bytes: usize, because: &str) {
        self.bytes_not_shown += bytes as u64;
        self.unread.push(plain(&format!("a text ({kind}, {bytes} bytes) is not shown: {because}")));
    }

    /// The fields of a part that the letter does not show.
    fn fields_of_part(&mut self, part: &MimePart<'_>) {
        let shown =
            |name: &str| ELSEWHERE.contains(&name) || matches!(name, "content-disposition" | "content-id");
        for (name, value) in part.fields.iter().filter(|(name, _)| !shown(name)) {
            self.field(&format!("{name} (of a part)"), value.trim_matches([' ', '\t']));
        }
    }

    fn attach(&mut self, part: &MimePart<'_>, name: &str, content: &[u8]) {
        self.bytes_not_shown += content.len() as u64;
        self.attachments.push(Attachment::of(name, &part.kind.essence, content));
    }

    /// The first text, and other versions that say something else.
    fn texts(&mut self, mut texts: Vec<(String, Written)>, most: usize) {
        // If two say the same, one is shown.
        let plains: Vec<String> = texts.iter().filter_map(|(_, one)| one.plain()).collect();
        texts.retain(|(_, one)| !one.repeats(&plains));
        let mut all = texts.into_iter();
        if let Some((kind, written)) = all.next() {
            self.kind = kind;
            self.notes = written.notes();
            (self.text, self.characters_not_shown) = cut(written.text(), most);
        }
        self.others = all
            .map(|(kind, written)| {
                let (text, characters_not_shown) = cut(written.text(), most);
                OtherText { kind, text, characters_not_shown, notes: written.notes() }
            })
            .collect();
    }
}

impl Written {
    fn text(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Page(page) => &page.text,
        }
    }

    fn plain(&self) -> Option<String> {
        match self {
            Self::Plain(text) => Some(text.clone()),
            Self::Page(_) => None,
        }
    }

    fn notes(&self) -> Vec<String> {
        let Self::Page(page) = self else { return Vec::new() };
        let hidden = (page.hidden > 0)
            .then(|| format!("pieces of it that may be hidden from whoever reads it: {}", page.hidden));
        let dropped = (page.dropped > 0)
            .then(|| format!("{} characters of styles, scripts and comments are not shown", page.dropped));
        hidden.into_iter().chain(dropped).collect()
    }

    /// Whether a page says the same as a plain text of the letter, word for word and link for link.
    fn repeats(&self, plains: &[String]) -> bool {
        let Self::Page(page) = self else { return false };
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let same = |text: &String| {
            words(text) == words(&page.bare)
                && page.addresses.iter().all(|address| text.contains(address.as_str()))
        };
        page.hidden == 0 && plains.iter().any(same)
    }
}

/// Free text of a field as readers show it, or as written if readers could show something else.
fn words(value: &str) -> String {
    decode::header_text(value).unwrap_or_else(|| value.to_owned())
}

/// The people of a field, each with the address first, so that no name looks like one.
fn people(value: &str) -> Option<Vec<String>> {
    let all = decode::named_addresses(value)?.into_iter();
    let all = all.map(|(name, address)| match name.as_str() {
        "" => address.to_string(),
        name => format!("{address} ({})", cut(&words(name), 100).0),
    });
    Some(all.collect())
}

/// Every name of a part, because readers differ in which one they use.
fn names(part: &MimePart<'_>) -> String {
    let all = part.disposition.parameters.iter().chain(&part.kind.parameters);
    let mut names: Vec<String> =
        all.filter(|(name, _)| name.contains("name")).map(|(_, value)| words(value)).collect();
    names.dedup();
    names.join(" / ")
}

#[cfg(test)]
mod tests;
