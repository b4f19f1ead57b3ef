//! What a pass is confined to, in the words of the flags: the same where one is minted and where one is narrowed.
//!
//! Nothing here grants. Read against the connections that are meant, it becomes caveats, budgets and redactions.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use time::OffsetDateTime;

use crate::caveats::flag::{Again, Flag, Given, Takes, Texts};
use crate::caveats::flags;
use crate::caveats::narrow::Narrow;
use crate::caveats::reach::TargetConnection;
use crate::caveats::term_error::TermError;

/// Limits as they were typed; in JSON and in a template's file each has its flag's name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrowing {
    texts: Texts,
}

impl Narrowing {
    /// The same with these values added; the last stands where a flag takes one. A flag that takes none is set by any.
    #[must_use]
    pub fn with<T: Into<String>>(mut self, flag: &Flag, values: impl IntoIterator<Item = T>) -> Self {
        let mut values = values.into_iter().map(Into::into).peekable();
        if values.peek().is_some() {
            let own = self.texts.entry(flag.name).or_default();
            own.extend(values);
            if flag.takes != Takes::Many {
                own.drain(..own.len() - 1);
            }
        }
        self
    }

    /// The same without any value of that flag.
    #[must_use]
    pub fn without(mut self, flag: &Flag) -> Self {
        self.texts.remove(flag.name);
        self
    }

    pub fn values(&self, flag: &Flag) -> &[String] {
        self.texts.get(flag.name).map_or(&[], Vec::as_slice)
    }

    /// What these limits come to where `given` is said as well.
    #[must_use]
    pub fn and(mut self, mut given: Self) -> Self {
        for flag in flags::ALL {
            let Some(new) = given.texts.remove(flag.name) else { continue };
            let own = self.texts.entry(flag.name).or_default();
            match (flag.takes, flag.again) {
                (Takes::One | Takes::Nothing, _) | (_, Again::Replaces) => own.clear(),
                (_, Again::Adds) => {}
                (_, Again::BySubject(subject)) => {
                    let again: Vec<String> = new.iter().map(|text| subject(text)).collect();
                    own.retain(|text| !again.contains(&subject(text)));
                }
            }
            own.extend(new);
        }
        self
    }

    pub(crate) fn read(
        &self,
        reach: &[TargetConnection<'_>],
        now: OffsetDateTime,
    ) -> Result<Narrow, TermError> {
        let mut narrow = Narrow::default();
        let given = Given { texts: &self.texts, reach, now };
        for flag in flags::ALL {
            (flag.read)(&given, &mut narrow)?;
        }
        Ok(narrow)
    }
}

impl Serialize for Narrowing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.texts.len()))?;
        for flag in flags::ALL {
            match (flag.takes, self.values(flag)) {
                (_, []) => {}
                (Takes::One, [value, ..]) => map.serialize_entry(flag.name, value)?,
                (Takes::Many, values) => map.serialize_entry(flag.name, values)?,
                (Takes::Nothing, _) => map.serialize_entry(flag.name, &true)?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Narrowing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Flags)
    }
}

struct Flags;

impl<'de> Visitor<'de> for Flags {
    type Value = Narrowing;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("flags by their names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Narrowing, A::Error> {
        let mut narrowing = Narrowing::default();
        while let Some(name) = map.next_key::<String>()? {
            let Some(flag) = flags::find(&name) else {
                let known = flags::ALL.iter().map(|flag| format!("`{}`", flag.name)).collect::<Vec<_>>();
                return Err(A::Error::custom(format!(
                    "unknown field `{name}`, expected one of {}",
                    known.join(", ")
                )));
            };
            if narrowing.texts.contains_key(flag.name) {
                return Err(A::Error::custom(format!("`{name}` stands twice")));
            }
            let values: Vec<String> = match flag.takes {
                Takes::One => map.next_value::<Option<String>>()?.into_iter().collect(),
                Takes::Many => map.next_value()?,
                Takes::Nothing => map.next_value::<bool>()?.then(|| "true".to_owned()).into_iter().collect(),
            };
            narrowing = narrowing.with(flag, values);
        }
        Ok(narrowing)
    }
}
