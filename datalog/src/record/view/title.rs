//! A request in one line: what it does, to which thing, for whom.
//!
//! `Send a letter to bob@example.com: Lunch`. The verb and thing come from the catalog (`Title`), the rest from the
//! parsed request. Only the subject of the message is the agent's own text.
//!
//! - Invariant: Every operation has a line in plain words. The line has a bound, and no character in it misleads
//!   (`every_operation_of_the_catalog_has_a_line_in_plain_words`, `nothing_in_a_line_misleads_or_has_no_end`).

use crate::record::view::{Letter, plain};
use crate::request::argument::Scalar;
use crate::request::canonical::Request;
use crate::words::effect::Effect;

/// Characters of a subject and of an id, and people and things that are named.
const SUBJECT: usize = 80;
const ID: usize = 60;
const NAMED: usize = 2;

/// The beginning of the line: what it does to which thing, without people and without a word of what would be sent.
pub(crate) fn deed(request: &Request) -> String {
    let title = &request.operation.title;
    let own: Vec<&str> = ids(request, &title.kind);
    let object = match own.as_slice() {
        [id] => format!("the {} {}", title.object, cut(id, ID)),
        _ => with_article(&title.object),
    };
    let mut text = capital(&title.phrase.replace("{}", &object));
    if (own.len() != 1 || !title.phrase.contains("{}"))
        && let Some(place) = place(request)
    {
        text.push_str(&place);
    }
    text
}

pub(crate) fn sentence(request: &Request, recipients: &[String], letters: &[Letter]) -> String {
    let whom = whom(request, recipients, letters);
    let about = about(request, letters).map_or_else(String::new, |about| format!(": {about}"));
    format!("{}{whom}{about}", deed(request))
}

fn ids<'a>(request: &'a Request, kind: &str) -> Vec<&'a str> {
    let own = request.resources.iter().filter(|one| *one.kind == *kind);
    let mut ids: Vec<&str> = own.map(|one| one.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Where the request acts: the thing with the longest path in its id, and how many more of its kind there are.
fn place(request: &Request) -> Option<String> {
    let depth = |id: &str| id.matches('/').count();
    let deepest = request.resources.iter().map(|one| depth(&one.id)).max()?;
    let first = request.resources.iter().find(|one| depth(&one.id) == deepest)?;
    let all = ids(request, &first.kind);
    let more = if all.len() > 1 { format!(" and {} more", all.len() - 1) } else { String::new() };
    Some(format!(" on {} {}{more}", plain(&first.kind), cut(&first.id, ID)))
}

fn whom(request: &Request, recipients: &[String], letters: &[Letter]) -> String {
    let first: Vec<&str> = recipients.iter().take(NAMED).map(String::as_str).collect();
    let more = match recipients.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match first.is_empty() {
        true => String::new(),
        false if !letters.is_empty() || request.effects.contains(Effect::Share) => {
            format!(" to {}{more}", first.join(", "))
        }
        false => format!(", which reaches {}{more}", first.join(", ")),
    }
}

/// The subject of what is sent, or the first argument that says what it is about.
fn about(request: &Request, letters: &[Letter]) -> Option<String> {
    let subject = letters.iter().map(|letter| letter.subject.as_str()).find(|subject| !subject.is_empty());
    let argument = || {
        request.operation.title.about.iter().find_map(|name| {
            let argument = request.arguments.iter().find(|one| *one.name == **name)?;
            match &argument.value {
                Scalar::String(text) if !text.is_empty() => Some(text.as_str()),
                _ => None,
            }
        })
    };
    subject.or_else(argument).map(|text| cut(text, SUBJECT))
}

fn with_article(object: &str) -> String {
    let first = object.split(' ').next().unwrap_or_default();
    // A plural and an operation's own id have no article.
    let bare = object.starts_with('`')
        || first.ends_with('s') && !first.ends_with("ss")
        || object.ends_with('s') && !object.ends_with("ss");
    match object.chars().next() {
        None => String::new(),
        Some(_) if bare => object.to_owned(),
        Some(letter) if "aeio".contains(letter) => format!("an {object}"),
        Some(_) => format!("a {object}"),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.trim().chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// The text in one line, cut to `most` characters.
fn cut(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let kept: String = line.chars().take(most).collect();
    let dots = if line.chars().count() > most { "…" } else { "" };
    format!("{}{dots}", plain(&kept))
}
