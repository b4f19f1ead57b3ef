//! Which log lines say the same, and the line that counts them.
//!
//! Two lines are of one kind if they come from one place in the code, with the same connection and the same code.
//! Values that differ from request to request (a path, an operation, an id, a cause) make no kind, because somebody
//! could make as many of them as they like.

use std::fmt::{self, Write as _};

use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// Fields with few values: set by the person, the catalog or the code.
const TELLING: [&str; 4] = ["connection", "code", "sink", "status"];

/// The most characters that are kept of a text.
const LONGEST: usize = 120;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct LineKind {
    place: Identifier,
    telling: String,
}

impl LineKind {
    pub(super) fn of(event: &Event<'_>, said: &SharedPart) -> Self {
        Self { place: event.metadata().callsite(), telling: said.telling.clone() }
    }

    /// Returns a kind with only the place in the code.
    pub(super) fn coarse(self) -> Self {
        Self { telling: String::new(), ..self }
    }
}

/// The part of a line that all lines of its kind share.
#[derive(Debug)]
pub(super) struct SharedPart {
    level: Level,
    from: &'static str,
    message: String,
    /// `connection=gmail code=upstream-unreachable`.
    telling: String,
}

impl SharedPart {
    pub(super) fn of(event: &Event<'_>) -> Self {
        let about = event.metadata();
        let mut said = Self {
            level: *about.level(),
            from: about.target(),
            message: String::new(),
            telling: String::new(),
        };
        event.record(&mut said);
        said
    }

    /// Writes the line that counts so many others.
    pub(super) fn write(self, more: u64) {
        let Self { level, from, message, telling } = self;
        let said = format!("{message} … and {} more like it in the last second", grouped(more));
        match level {
            Level::ERROR => tracing::error!(target: TARGET, from, telling, more, "{said}"),
            Level::WARN => tracing::warn!(target: TARGET, from, telling, more, "{said}"),
            _ => tracing::info!(target: TARGET, from, telling, more, "{said}"),
        }
    }
}

impl Visit for SharedPart {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let name = field.name();
        if name == "message" {
            self.message = cut(format!("{value:?}"));
        } else if TELLING.contains(&name) {
            let apart = if self.telling.is_empty() { "" } else { " " };
            let value = cut(format!("{value:?}"));
            // Writing to a string cannot fail.
            let _ = write!(self.telling, "{apart}{name}={}", value.trim_matches('"'));
        }
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text,
    }
}

/// Returns a number with commas: `5,312`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The target of counting lines, which are never counted themselves.
pub(crate) const TARGET: &str = "repeated";
