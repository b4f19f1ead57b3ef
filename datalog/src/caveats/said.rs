//! How a caveat is told: in a refusal as one sentence, and as a line of what a pass says.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a line is about. Lines stand in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    May,
    Asks,
    Never,
    Only,
    Sees,
    AtMost,
    When,
    Also,
    /// A line that was stored before lines had an order.
    Untold,
}

impl About {
    pub(crate) const ALL: [Self; 8] =
        [Self::May, Self::Asks, Self::Never, Self::Only, Self::Sees, Self::AtMost, Self::When, Self::Also];

    /// How such a line begins.
    pub fn word(self) -> &'static str {
        match self {
            Self::May => "may",
            Self::Asks => "asks before",
            Self::Never => "never",
            Self::Only => "only",
            Self::Sees => "sees",
            Self::AtMost => "at most",
            Self::When => "when",
            Self::Also => "also",
            Self::Untold => "",
        }
    }
}

/// One thing that a pass says. In JSON it is one sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub struct Line {
    pub about: About,
    pub text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.about {
            About::Untold => f.write_str(&self.text),
            about => write!(f, "{} {}", about.word(), self.text),
        }
    }
}

impl From<String> for Line {
    fn from(sentence: String) -> Self {
        for about in About::ALL {
            if let Some(text) = sentence.strip_prefix(about.word()).and_then(|rest| rest.strip_prefix(' ')) {
                return Self { about, text: text.to_owned() };
            }
        }
        Self { about: About::Untold, text: sentence }
    }
}

impl From<Line> for String {
    fn from(line: Line) -> Self {
        line.to_string()
    }
}

/// What a caveat says.
pub(crate) struct Says {
    /// What a refusal expected.
    pub(crate) sentence: String,
    /// How the pass that has the caveat tells it.
    pub(crate) told: ToldAs,
}

impl Says {
    /// Of a check on answers, which are on that connection.
    pub(crate) fn of_answers(on: &str, what: &str) -> Self {
        let line = format!("{on} {what}").trim_start().to_owned();
        Self { sentence: format!("answers{on}: {what}"), told: ToldAs::Line(About::Sees, line) }
    }
}

/// How a pass tells one of its caveats.
pub(crate) enum ToldAs {
    Line(About, String),
    /// Joined with what other caveats say of the same operation's arguments.
    Argument(ArgumentLimit),
    /// Another line tells it.
    Elsewhere,
    /// As its Datalog.
    Custom,
}

/// What a caveat leaves of one operation's arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArgumentLimit {
    /// The operation, and the connection where it is about one.
    pub(crate) operation: String,
    /// The argument, where it is about one.
    pub(crate) name: Option<String>,
    pub(crate) leaves: String,
    pub(crate) says: ArgumentSays,
}

/// Which side of an argument a caveat is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArgumentSays {
    /// Which names there may be.
    Names,
    Type,
    Value,
    /// That it has to be there.
    Given,
}

/// Texts in backquotes, with commas between.
pub(crate) fn listed<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_back_from_its_sentence_and_an_older_one_stands_as_it_is() {
        for about in About::ALL {
            let line = Line { about, text: "read on `gmail`".into() };
            assert_eq!(Line::from(line.to_string()), line);
        }
        let older = "allows on `gmail`: read";
        assert_eq!(Line::from(older.to_owned()).to_string(), older);
    }
}
