//! What an approver sees of a request: what was parsed of it, never what the agent says about it.
//!
//! Every recipient, every argument, the message as it was read, and how much is not shown. Characters that
//! could mislead are written out (`plain`), and whatever is cut says by how much. It decides nothing.

mod letter;
mod plain;

use serde::{Deserialize, Serialize};

use crate::decode;
use crate::effect::Effect;
use crate::lookup::Observed;
use crate::request::{Body, Request, Scalar};

pub use letter::{Attachment, Letter};
pub use plain::plain;

/// Characters of one argument, arguments, and characters of a message that are shown.
const VALUE: usize = 600;
const ARGUMENTS: usize = 100;
const MESSAGE: usize = 6_000;
const RESOURCES: usize = 100;

/// A request, decoded for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub operation: String,
    /// What it does, in words that come from its effects.
    pub does: String,
    pub connection: String,
    pub service: String,
    pub account: String,
    pub effects: Vec<Effect>,
    /// What cannot be taken back, in words; nothing where it can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irreversible: Option<String>,
    /// The method and path that are sent.
    pub target: String,
    /// Everybody whom it reaches, where that can be told.
    pub recipients: Vec<String>,
    /// Why it cannot be told whom it reaches, where it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipients_unknown: Option<String>,
    pub letters: Vec<Letter>,
    pub resources: Vec<ShownResource>,
    pub arguments: Vec<ShownArgument>,
    pub arguments_not_shown: usize,
    /// Bytes of the body that nobody could read out here: uploads, attachments, cut texts.
    pub bytes_not_shown: u64,
    /// What an answer for more than this one request would cover.
    pub alike: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownResource {
    pub kind: String,
    pub id: String,
}

/// One argument with its value, and how many characters of that are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownArgument {
    pub name: String,
    pub value: String,
    pub characters_not_shown: usize,
}

impl Shown {
    pub fn of(request: &Request, observed: &Observed) -> Self {
        let operation = &request.operation;
        let messages = decode::messages(request, observed);
        let reached =
            messages.as_deref().map_err(Clone::clone).and_then(|all| decode::reached(request, all, observed));
        let (recipients, recipients_unknown) = match reached {
            Ok(reached) => (reached.recipients.iter().map(|one| plain(one.as_str())).collect(), None),
            Err(error) => (Vec::new(), Some(plain(&error.to_string()))),
        };
        let messages = messages.unwrap_or_default();
        let letters: Vec<Letter> = messages.iter().map(|message| Letter::read(message, MESSAGE)).collect();
        let is_message = |name: &str| {
            let fields = operation.decode.iter().filter(|one| one.format == crate::catalog::Format::Rfc822);
            !messages.is_empty() && fields.flat_map(|one| &one.fields).any(|field| &**field == name)
        };
        let all = || request.arguments.iter().filter(|one| !is_message(&one.name));
        let effects: Vec<Effect> = request.effects.iter().collect();
        let resources = request.resources.iter().take(RESOURCES);
        Self {
            operation: operation.id.to_string(),
            does: does(&effects),
            connection: request.connection.to_string(),
            service: operation.id.service().to_owned(),
            account: plain(request.account.as_str()),
            irreversible: irreversible(&effects),
            target: cut(&format!("{} {}", operation.method, request.upstream_target()), VALUE).0,
            recipients,
            recipients_unknown,
            bytes_not_shown: hidden(request)
                + letters.iter().map(|letter| letter.bytes_not_shown).sum::<u64>(),
            letters,
            resources: resources
                .map(|one| ShownResource { kind: plain(&one.kind), id: cut(&one.id, VALUE).0 })
                .collect(),
            arguments: all().take(ARGUMENTS).map(|one| argument(&one.name, &one.value)).collect(),
            arguments_not_shown: all().count().saturating_sub(ARGUMENTS),
            alike: alike(request, observed),
            effects,
        }
    }
}

fn argument(name: &str, value: &Scalar) -> ShownArgument {
    let text = match value {
        Scalar::String(text) | Scalar::Other(text) => text.clone(),
        Scalar::Int(value) => value.to_string(),
        Scalar::Bool(value) => value.to_string(),
    };
    let (value, characters_not_shown) = cut(&text, VALUE);
    ShownArgument { name: plain(name), value, characters_not_shown }
}

/// The text made plain, at most `most` characters of it, and how many were left out.
fn cut(text: &str, most: usize) -> (String, usize) {
    let not_shown = text.chars().count().saturating_sub(most);
    (plain(&text.chars().take(most).collect::<String>()), not_shown)
}

/// Content that is sent as it is and is no message.
fn hidden(request: &Request) -> u64 {
    let is_message = request.operation.decode.iter().any(|decode| decode.media);
    match &request.body {
        Body::Media { bytes, .. } | Body::Related { bytes, .. } if !is_message => bytes.len() as u64,
        _ => 0,
    }
}

fn does(effects: &[Effect]) -> String {
    let words = effects.iter().map(|effect| match effect {
        Effect::Read => "reads",
        Effect::Write => "changes the account's own data",
        Effect::Send => "reaches other people",
        Effect::Share => "gives lasting access, or lets data flow out from now on",
        Effect::Delete => "removes",
        Effect::Run => "starts code",
        Effect::Secret => "answers with a usable credential",
        Effect::Admin => "changes the settings of the account",
    });
    words.collect::<Vec<_>>().join("; ")
}

fn irreversible(effects: &[Effect]) -> Option<String> {
    let words: Vec<&str> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send => Some("what is sent cannot be called back"),
            Effect::Delete => Some("what is removed may be gone for good"),
            Effect::Run => Some("what the code does is not undone by stopping it"),
            Effect::Secret => Some("a credential that was seen stays known"),
            Effect::Read | Effect::Write | Effect::Share | Effect::Admin => None,
        })
        .collect();
    (!words.is_empty()).then(|| words.join("; "))
}

fn alike(request: &Request, observed: &Observed) -> String {
    if request.alike(observed).is_none() {
        return "exactly this request, byte for byte, by this pass".into();
    }
    "this operation with these arguments to exactly these recipients by this pass, whatever the message and its attachments say".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_says_by_how_much() {
        let shown = argument("q", &Scalar::String("x".repeat(VALUE + 7)));
        assert_eq!((shown.value.len(), shown.characters_not_shown), (VALUE, 7));
    }

    #[test]
    fn only_what_can_be_taken_back_is_not_flagged() {
        assert!(irreversible(&[Effect::Read, Effect::Write, Effect::Share]).is_none());
        assert!(irreversible(&[Effect::Write, Effect::Send]).is_some());
    }
}
