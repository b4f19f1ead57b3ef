//! What an approver sees of a request: only what was parsed of it, never the agent's own words about it.
//!
//! It shows every recipient, every argument and the message as it was read, and says how much is not shown. Misleading
//! characters are written out (`plain`), and each cut says how much is missing. It decides nothing.

pub(crate) mod circle;
mod html;
mod letter;
mod plain;
mod title;
mod undoing;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::record::view::plain::cut;
use crate::request::argument::Scalar;
use crate::request::canonical::{Body, Request};
use crate::request::decode;
use crate::request::found::Observed;
use crate::words::effect::Effect;

pub use circle::Circle;
pub use letter::{Attachment, Letter, OtherText, ShownField};
pub use plain::plain;
pub use undoing::{Reach, Undoing};

/// How much is shown: characters of one argument, arguments, and characters of a message.
const VALUE: usize = 600;
const ARGUMENTS: usize = 100;
const MESSAGE: usize = 6_000;
const RESOURCES: usize = 100;

/// A request, decoded for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestView {
    /// What the request does, to what and for whom, in one line.
    #[serde(default)]
    pub title: String,
    /// The beginning of that line: without people, and without words of the message.
    #[serde(default)]
    pub deed: String,
    pub operation: String,
    /// What the request does, in words from its effects.
    pub does: String,
    pub connection: String,
    pub service: String,
    pub account: String,
    pub effects: Vec<Effect>,
    /// Which parts of it can be undone, and which cannot.
    #[serde(flatten)]
    pub undoing: Undoing,
    /// The method and path that will be sent.
    pub target: String,
    /// Everybody whom the request reaches, if that is known.
    pub recipients: Vec<String>,
    /// The recipients that neither the pass nor the account's own domain names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<String>,
    /// Why nobody knows whom the request reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipients_unknown: Option<String>,
    pub letters: Vec<Letter>,
    /// A file that is sent unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Attachment>,
    pub resources: Vec<ShownResource>,
    pub arguments: Vec<ShownArgument>,
    pub arguments_not_shown: usize,
    /// Bytes of the body that cannot be shown here: uploads, attachments, cut texts.
    pub bytes_not_shown: u64,
    /// What an approval for more than this request would cover.
    pub alike: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownResource {
    pub kind: String,
    pub id: String,
}

/// One argument with its value, and how many characters of it are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownArgument {
    pub name: String,
    pub value: String,
    pub characters_not_shown: usize,
}

impl RequestView {
    /// What is shown of a request that is asked about now.
    pub fn of(request: &Request, observed: &Observed, now: OffsetDateTime) -> Self {
        let operation = &request.operation;
        let messages = decode::messages(request, observed);
        let reached =
            messages.as_deref().map_err(Clone::clone).and_then(|all| decode::reached(request, all, observed));
        let (recipients, recipients_unknown) = match reached {
            Ok(reached) => (reached.recipients.iter().map(|one| plain(one.as_str())).collect(), None),
            Err(error) => (Vec::new(), Some(plain(&error.to_string()))),
        };
        let reach = match recipients.is_empty() && recipients_unknown.is_none() {
            true => Reach::Nobody,
            false => Reach::Perhaps,
        };
        let messages = messages.unwrap_or_default();
        let letters: Vec<Letter> =
            messages.iter().map(|message| Letter::read(message, MESSAGE, now)).collect();
        let upload = upload(request);
        let is_message = |name: &str| {
            let fields = operation.decode.iter().filter(|one| one.format == crate::catalog::Format::Rfc822);
            !messages.is_empty() && fields.flat_map(|one| &one.fields).any(|field| &**field == name)
        };
        let all = || request.arguments.iter().filter(|one| !is_message(&one.name));
        let effects: Vec<Effect> = request.effects.iter().collect();
        let resources = request.resources.iter().take(RESOURCES);
        Self {
            title: title::sentence(request, &recipients, &letters),
            deed: title::deed(request),
            operation: operation.id.to_string(),
            does: does(&effects),
            connection: request.connection.to_string(),
            service: operation.id.service().to_owned(),
            account: plain(request.account.as_str()),
            undoing: Undoing::of(operation, request.effects, reach),
            target: cut(&format!("{} {}", operation.method, request.upstream_target()), VALUE).0,
            recipients,
            outside: Vec::new(),
            recipients_unknown,
            bytes_not_shown: upload.as_ref().map_or(0, |upload| upload.bytes)
                + letters.iter().map(|letter| letter.bytes_not_shown).sum::<u64>(),
            letters,
            upload,
            resources: resources
                .map(|one| ShownResource { kind: plain(&one.kind), id: cut(&one.id, VALUE).0 })
                .collect(),
            arguments: all().take(ARGUMENTS).map(|one| argument(&one.name, &one.value)).collect(),
            arguments_not_shown: all().count().saturating_sub(ARGUMENTS),
            alike: envelope(request, observed),
            effects,
        }
    }
}

impl RequestView {
    /// The same view, with a mark on the recipients who are outside the circle.
    #[must_use]
    pub fn within(self, circle: &Circle) -> Self {
        let outside = circle.outside(&self.recipients);
        Self { outside, ..self }
    }

    /// Whether this recipient is outside the circle.
    pub fn is_outside(&self, recipient: &str) -> bool {
        self.outside.iter().any(|one| one == recipient)
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

/// Content that is sent as it is and is no message.
fn upload(request: &Request) -> Option<Attachment> {
    let is_message = request.operation.decode.iter().any(|decode| decode.media);
    match &request.body {
        Body::Media { content_type, bytes } | Body::Related { content_type, bytes, .. } if !is_message => {
            Some(Attachment::of("", content_type, bytes))
        }
        _ => None,
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

fn envelope(request: &Request, observed: &Observed) -> String {
    if request.envelope(observed).is_none() {
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
}
