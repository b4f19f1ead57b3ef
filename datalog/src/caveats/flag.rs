//! A flag that narrows a pass: how it is written, how it is read, which facts it needs, and how its checks are told.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::caveats::narrow::Narrow;
use crate::caveats::reach::TargetConnection;
use crate::caveats::said::Says;
use crate::caveats::source::Source;
use crate::caveats::term_error::TermError;
use crate::engine::caveat::Caveat;
use crate::request::gather::Gather;
use crate::request::item::Item;

/// One flag. Help, forms, templates, error texts and pages are made from these.
pub struct Flag {
    pub name: &'static str,
    pub takes: Takes,
    /// What stands for its value in help: `ADDRESS`.
    pub value: &'static str,
    pub help: &'static str,
    /// Its title in a form.
    pub title: &'static str,
    /// What a person wants who needs it.
    pub wish: &'static str,
    /// One value, as it is typed.
    pub example: &'static str,
    /// Other values that show more.
    pub also: &'static [&'static str],
    /// What comes of a template's values where others are given.
    pub again: Again,
    pub(crate) read: fn(&Given<'_>, &mut Narrow) -> Result<(), TermError>,
    /// How a check that it made is told; the others are the caveats of the same block.
    pub(crate) says: fn(&Caveat, &[Caveat]) -> Option<Says>,
    pub(crate) facts: fn(&mut Gather, &Source<'_>),
    /// The facts of one item of an answer, at that many seconds.
    pub(crate) of_items: fn(&mut Gather, &Item, i64),
}

/// How many values a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    One,
    Many,
    /// None: it is there or it is not.
    Nothing,
}

/// What comes of a template's values where a person gives others.
#[derive(Debug, Clone, Copy)]
pub enum Again {
    /// Both count.
    Adds,
    /// The person's count alone.
    Replaces,
    /// The person's replace those with the same subject.
    BySubject(fn(&str) -> String),
}

/// What a flag that leaves something out has in its place.
impl Flag {
    pub(crate) const fn named(name: &'static str, takes: Takes) -> Self {
        Self {
            name,
            takes,
            value: "",
            help: "",
            title: "",
            wish: "",
            example: "",
            also: &[],
            again: Again::Adds,
            read: |_, _| Ok(()),
            says: |_, _| None,
            facts: |_, _| {},
            of_items: |_, _, _| {},
        }
    }

    /// As it is typed, with each of its examples.
    pub fn written(&self) -> Vec<String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || ":@=/.-+,_".contains(c);
        let with = |value: &&str| match value.chars().all(plain) {
            true => format!("--{} {value}", self.name),
            false => format!("--{} '{value}'", self.name),
        };
        match self.takes {
            Takes::Nothing => vec![format!("--{}", self.name)],
            Takes::One | Takes::Many => [self.example].iter().chain(self.also).map(with).collect(),
        }
    }
}

/// Values by the names of their flags.
pub(crate) type Texts = BTreeMap<&'static str, Vec<String>>;

/// What a flag is read from.
pub(crate) struct Given<'a> {
    pub(crate) texts: &'a Texts,
    pub(crate) reach: &'a [TargetConnection<'a>],
    pub(crate) now: OffsetDateTime,
}

impl<'a> Given<'a> {
    pub(crate) fn of(&self, flag: &Flag) -> &'a [String] {
        self.texts.get(flag.name).map_or(&[], Vec::as_slice)
    }
}
