//! Which parts of a request can be undone, by which other request, and which cannot.
//!
//! The catalog alone says this: an operation that another operation of the service undoes is not final.

use serde::{Deserialize, Serialize};

use crate::catalog::{Operation, Undo};
use crate::words::effect::{Effect, Effects};

/// What cannot be undone, and what undoes the rest, in words for a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undoing {
    /// What cannot be taken back; nothing where all of it can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irreversible: Option<String>,
    /// What brings back what it removes, where anything does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
}

/// Whom a request reaches, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Certainly nobody: nothing is sent that could be called back.
    Nobody,
    Perhaps,
}

impl Undoing {
    /// What can be undone of a request for an operation that has these effects.
    pub fn of(operation: &Operation, effects: Effects, reach: Reach) -> Self {
        let undo = operation.undo.as_ref().filter(|_| effects.contains(Effect::Delete));
        let words: Vec<&str> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Send if reach == Reach::Perhaps => Some("what is sent cannot be called back"),
                Effect::Delete if undo.is_none() => Some("what is removed may be gone for good"),
                Effect::Run => Some("what the code does is not undone by stopping it"),
                Effect::Secret => Some("a credential that was seen stays known"),
                Effect::Send | Effect::Delete => None,
                Effect::Read | Effect::Write | Effect::Share | Effect::Admin => None,
            })
            .collect();
        let irreversible = (!words.is_empty()).then(|| words.join("; "));
        Self { irreversible, undo: undo.map(Undo::words) }
    }
}
