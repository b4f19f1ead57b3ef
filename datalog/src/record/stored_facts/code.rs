//! Stored facts as JSON and back: `{"facts":{"arg":[["q","is:unread"]],…},…}`. Dates and sets are objects.
//!
//! This program sealed the text that it reads back. If it still does not understand something, that is an error, not a
//! guess.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use crate::engine::caveat::{Fact, Predicate};
use crate::engine::words::{names_of, words_of};
use crate::pass::pass_text::StoredFactsError;
use crate::record::stored_facts::{Lack, Omitted, ProvenanceFacts, StoredFacts, UnnamedFacts, Untold};
use crate::request::canonical::digest;
use crate::words::value::{Text, Value};

impl StoredFacts {
    pub fn encode(&self) -> Vec<u8> {
        // Infallible: the keys are strings, and everything in it can be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, StoredFactsError> {
        let Encoded {
            facts,
            untold,
            uncounted,
            left_out,
            provenance,
            looked_up,
            draft,
            unnamed,
            doubted,
            wording,
        } = serde_json::from_slice(bytes).map_err(|error| StoredFactsError(error.to_string()))?;
        let mut all = Vec::new();
        for (name, rows) in facts {
            let (predicate, name) = (word(&name)?, Text::from(name));
            for terms in rows {
                let terms = terms.into_iter().map(Term::value).collect::<Vec<_>>().into();
                all.push(Fact { predicate, name: name.clone(), terms });
            }
        }
        let kept = Self {
            facts: all,
            untold: untold
                .into_iter()
                .map(|one| Untold { words: words(&one.words), because: one.because, lack: one.lack })
                .collect(),
            uncounted,
            left_out: left_out.into_iter().map(EncodedLeftOut::left_out).collect::<Result<_, _>>()?,
            provenance: if provenance { ProvenanceFacts::Known } else { ProvenanceFacts::NotAsked },
            looked_up: words(&looked_up),
            draft,
            unnamed: if unnamed { UnnamedFacts::Known } else { UnnamedFacts::NotSaid },
            doubted,
            wording: digest(&wording).map_err(|error| StoredFactsError(error.to_string()))?,
        };
        Ok(kept.in_order())
    }
}

fn word(name: &str) -> Result<Predicate, StoredFactsError> {
    Predicate::of(name).ok_or_else(|| StoredFactsError(format!("`{name}` is no word that is known")))
}

fn words(names: &[String]) -> u64 {
    words_of(names.iter().map(String::as_str))
}

impl Serialize for StoredFacts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("facts", &CodedFacts(&self.facts))?;
        let untold: Vec<EncodedUntold> = self.untold.iter().map(EncodedUntold::of).collect();
        if !untold.is_empty() {
            map.serialize_entry("untold", &untold)?;
        }
        if let Some(because) = &self.uncounted {
            map.serialize_entry("uncounted", because)?;
        }
        let left_out: Vec<EncodedLeftOut> = self.left_out.iter().map(EncodedLeftOut::of).collect();
        if !left_out.is_empty() {
            map.serialize_entry("left_out", &left_out)?;
        }
        map.serialize_entry("provenance", &(self.provenance == ProvenanceFacts::Known))?;
        if self.looked_up != 0 {
            map.serialize_entry("looked_up", &names_of(self.looked_up).collect::<Vec<_>>())?;
        }
        if self.draft {
            map.serialize_entry("draft", &true)?;
        }
        if self.unnamed == UnnamedFacts::Known {
            map.serialize_entry("unnamed", &true)?;
        }
        if let Some(doubted) = &self.doubted {
            map.serialize_entry("doubted", doubted)?;
        }
        map.serialize_entry("wording", &hex::encode(self.wording))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for StoredFacts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
        Self::decode(value.get().as_bytes()).map_err(serde::de::Error::custom)
    }
}

#[derive(Deserialize)]
struct Encoded {
    facts: BTreeMap<String, Vec<Vec<Term>>>,
    #[serde(default)]
    untold: Vec<EncodedUntold>,
    #[serde(default)]
    uncounted: Option<String>,
    #[serde(default)]
    left_out: Vec<EncodedLeftOut>,
    provenance: bool,
    #[serde(default)]
    looked_up: Vec<String>,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    unnamed: bool,
    #[serde(default)]
    doubted: Option<String>,
    wording: String,
}

/// Facts by their word.
struct CodedFacts<'a>(&'a [Fact]);
struct CodedRows<'a>(&'a [Fact]);
struct CodedTerms<'a>(&'a [Value]);
struct CodedFact<'a>(&'a Value);

impl Serialize for CodedFacts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let words = self.0.chunk_by(|one, next| one.predicate == next.predicate);
        serializer.collect_map(words.filter_map(|rows| Some((&*rows.first()?.name, CodedRows(rows)))))
    }
}

impl Serialize for CodedRows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|fact| CodedTerms(&fact.terms)))
    }
}

impl Serialize for CodedTerms<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(CodedFact))
    }
}

impl Serialize for CodedFact<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Int(value) => serializer.serialize_i64(*value),
            Value::Str(text) => serializer.serialize_str(text),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Date(seconds) => serializer.collect_map([("date", seconds)]),
            // No word of the verifier holds bytes.
            Value::Bytes(_) => serializer.serialize_unit(),
            Value::Set(items) => {
                serializer.collect_map([("set", items.iter().map(CodedFact).collect::<Vec<_>>())])
            }
        }
    }
}

/// A value as it is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Term {
    Bool(bool),
    Int(i64),
    Text(String),
    Date { date: u64 },
    Set { set: Vec<Term> },
}

impl Term {
    fn value(self) -> Value {
        match self {
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Text(text) => Value::str(text),
            Self::Date { date } => Value::Date(date),
            Self::Set { set } => Value::Set(Arc::new(set.into_iter().map(Self::value).collect())),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct EncodedUntold {
    words: Vec<String>,
    because: String,
    lack: Lack,
}

impl EncodedUntold {
    fn of(untold: &Untold) -> Self {
        Self {
            words: names_of(untold.words).map(ToOwned::to_owned).collect(),
            because: untold.because.clone(),
            lack: untold.lack,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct EncodedLeftOut {
    word: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    argument: Option<String>,
    bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    read: bool,
}

impl EncodedLeftOut {
    fn of(one: &Omitted) -> Self {
        Self {
            word: names_of(one.word.request_bit()).collect(),
            argument: one.argument.as_deref().map(ToOwned::to_owned),
            bytes: one.bytes,
            sha256: one.sha256.clone(),
            read: one.read,
        }
    }

    fn left_out(self) -> Result<Omitted, StoredFactsError> {
        let Self { word: name, argument, bytes, sha256, read } = self;
        Ok(Omitted { word: word(&name)?, argument: argument.map(Arc::from), bytes, sha256, read })
    }
}
