//! What a tool says of itself: a title, a description with the pass's limits, and hints for a client.
//!
//! The words are ours, from the catalog. Nothing of a provider's prose goes to a model.

use serde_json::{Value, json};

use crate::catalog::method::Method;
use crate::catalog::operation::Operation;
use crate::mint::can::{Possible, Row};
use crate::words::effect::{Effect, Effects};

/// The longest description. Clients cut a longer one without saying so.
const LONGEST: usize = 1_800;

/// The operation in a few words: `Send a letter`.
pub(crate) fn title(operation: &Operation) -> String {
    let title = &operation.title;
    let article = if title.object.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let object = match title.phrase.starts_with("list") {
        true => several(&title.object),
        false => format!("{article} {}", title.object),
    };
    let phrase = title.phrase.replace("{}", &object);
    let mut letters = phrase.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A noun, or its last word, for more than one.
fn several(noun: &str) -> String {
    match noun {
        _ if noun.ends_with('s') => noun.to_owned(),
        _ if ["ay", "ey", "oy"].iter().any(|end| noun.ends_with(end)) => format!("{noun}s"),
        _ => noun.strip_suffix('y').map_or_else(|| format!("{noun}s"), |stem| format!("{stem}ies")),
    }
}

/// What the tool does, on which connection, within which limits, and whether a person is asked.
pub(crate) fn description(operation: &Operation, row: &Row) -> String {
    let mut text = format!(
        "{}: {} on the connection `{}` (effects: {}).",
        title(operation),
        operation.address(),
        row.connection,
        row.effects
    );
    match row.possible {
        Possible::Ask => text.push_str(" A person is asked before each call; the call waits for the answer."),
        Possible::Allow => {}
        Possible::Deny => text.push_str(" This pass denies it."),
    }
    let mut lead = " Limits: ";
    for (place, condition) in row.conditions.iter().enumerate() {
        if text.chars().count() + condition.chars().count() > LONGEST {
            text.push_str(&format!("; and {} more", row.conditions.len() - place));
            break;
        }
        text.push_str(lead);
        text.push_str(condition);
        lead = "; ";
    }
    if !row.conditions.is_empty() {
        text.push('.');
    }
    text
}

/// MCP's hints. They say the worst that the operation may do.
pub(crate) fn annotations(title: &str, operation: &Operation, effects: Effects) -> Value {
    let only_reads = effects.changes_nothing();
    let repeats = matches!(operation.method, Method::Get | Method::Put | Method::Delete)
        && !effects.contains(Effect::Send);
    json!({
        "title": title,
        "readOnlyHint": only_reads,
        "destructiveHint": !only_reads,
        "idempotentHint": only_reads || repeats,
        "openWorldHint": true,
    })
}
