//! One mailbox in memory: messages, drafts, sent mail, and forwarding.
//!
//! It knows nothing of HTTP or OAuth, and does what it is told. It does not judge what an agent may do.

use std::time::Duration;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::letters::{ACCOUNT, LETTERS};

/// base64url with or without padding: SDKs differ.
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) struct Mailbox {
    messages: Vec<Message>,
    drafts: Vec<Message>,
    sent: u64,
    deleted: u64,
    pub(super) forwarding: Vec<String>,
    next_id: u64,
}

/// A message, or the message of a draft.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) id: String,
    from: String,
    to: String,
    subject: String,
    body: String,
    date: OffsetDateTime,
    pub(super) labels: Vec<String>,
}

/// Everything that happened to the mailbox so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(in crate::demo) struct Tally {
    pub(in crate::demo) messages: u64,
    pub(in crate::demo) drafts: u64,
    pub(in crate::demo) sent: u64,
    pub(in crate::demo) deleted: u64,
    pub(in crate::demo) forwarding_addresses: u64,
}

impl Mailbox {
    /// Returns the mailbox as the demo starts it.
    pub(super) fn seeded(now: OffsetDateTime) -> Self {
        let mut mailbox = Self {
            messages: Vec::new(),
            drafts: Vec::new(),
            sent: 0,
            deleted: 0,
            forwarding: Vec::new(),
            next_id: 1,
        };
        for letter in &LETTERS {
            let message = Message {
                id: mailbox.id(),
                from: letter.from.to_owned(),
                to: ACCOUNT.to_owned(),
                subject: letter.subject.to_owned(),
                body: letter.body.to_owned(),
                date: now - Duration::from_secs(letter.hours_ago.unsigned_abs() * 3600),
                labels: letter.labels.iter().map(ToString::to_string).collect(),
            };
            mailbox.messages.push(message);
        }
        mailbox
    }

    pub(super) fn tally(&self) -> Tally {
        Tally {
            messages: self.messages.len() as u64,
            drafts: self.drafts.len() as u64,
            sent: self.sent,
            deleted: self.deleted,
            forwarding_addresses: self.forwarding.len() as u64,
        }
    }

    /// Returns the messages that match a search: words, `is:unread`, `from:` and `subject:`.
    pub(super) fn search(&self, query: &str) -> Vec<&Message> {
        let query = query.to_lowercase();
        let terms: Vec<&str> = query.split_whitespace().collect();
        self.messages.iter().filter(|message| terms.iter().all(|term| message.fits(term))).collect()
    }

    pub(super) fn message(&self, id: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.id == id)
    }

    pub(super) fn message_mut(&mut self, id: &str) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.id == id)
    }

    pub(super) fn drafts(&self) -> &[Message] {
        &self.drafts
    }

    /// Keeps a draft and returns its id and the id of its message.
    pub(super) fn draft(&mut self, raw: &str, now: OffsetDateTime) -> Option<Message> {
        let draft = self.compose(raw, "DRAFT", now)?;
        self.drafts.push(draft.clone());
        Some(draft)
    }

    pub(super) fn send(&mut self, raw: &str, now: OffsetDateTime) -> Option<Message> {
        let message = self.compose(raw, "SENT", now)?;
        self.sent += 1;
        self.messages.insert(0, message.clone());
        Some(message)
    }

    /// Deletes for good, and returns whether there was such a message.
    pub(super) fn delete(&mut self, id: &str) -> Option<()> {
        let place = self.messages.iter().position(|message| message.id == id)?;
        self.messages.remove(place);
        self.deleted += 1;
        Some(())
    }

    /// Reads a message from its base64url form: the headers it needs, and the rest as the body.
    fn compose(&mut self, raw: &str, label: &str, now: OffsetDateTime) -> Option<Message> {
        let text = String::from_utf8(ANY_PADDING.decode(raw).ok()?).ok()?;
        let (head, body) = text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n"))?;
        let header = |name: &str| {
            head.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(other, _)| other.eq_ignore_ascii_case(name))
                .map_or(String::new(), |(_, value)| value.trim().to_owned())
        };
        Some(Message {
            from: ACCOUNT.to_owned(),
            to: header("to"),
            subject: header("subject"),
            body: body.to_owned(),
            date: now,
            labels: vec![label.to_owned()],
            id: self.id(),
        })
    }

    fn id(&mut self) -> String {
        self.next_id += 1;
        format!("18f{:013x}", self.next_id * 0x9e37)
    }
}

impl Message {
    fn fits(&self, term: &str) -> bool {
        let holds = |field: &str, word: &str| field.to_lowercase().contains(word);
        match term.split_once(':') {
            Some(("is", "unread")) => self.labels.iter().any(|label| label == "UNREAD"),
            Some(("from", word)) => holds(&self.from, word),
            Some(("subject", word)) => holds(&self.subject, word),
            _ => [&self.from, &self.subject, &self.body].into_iter().any(|field| holds(field, term)),
        }
    }

    /// Returns the ids alone, as a list shows them.
    pub(super) fn reference(&self) -> Value {
        json!({ "id": self.id, "threadId": self.id })
    }

    /// Returns the whole message in Gmail's shape.
    pub(super) fn to_json(&self) -> Value {
        let date = self.date.format(&Rfc2822).unwrap_or_default();
        let header = |name: &str, value: &str| json!({ "name": name, "value": value });
        json!({
            "id": self.id,
            "threadId": self.id,
            "labelIds": self.labels,
            "snippet": self.body.chars().take(100).collect::<String>(),
            "internalDate": (self.date.unix_timestamp() * 1000).to_string(),
            "sizeEstimate": self.body.len(),
            "payload": {
                "mimeType": "text/plain",
                "headers": [
                    header("From", &self.from),
                    header("To", &self.to),
                    header("Subject", &self.subject),
                    header("Date", &date),
                ],
                "body": { "size": self.body.len(), "data": URL_SAFE_NO_PAD.encode(&self.body) },
            },
        })
    }
}
