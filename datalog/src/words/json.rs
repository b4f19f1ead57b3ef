//! A strict JSON reader. It reads a text once into a model, which is written back as it was understood.
//!
//! It refuses everything that two parsers could read differently: duplicate keys, integers past 2^53, a byte order
//! mark, trailing bytes. It also refuses more than 64 levels or half a million values. It knows no schema.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// The largest integer that every JSON reader holds exactly: 2^53 - 1 (RFC 8259, section 6).
pub const MAX_SAFE_INTEGER: i64 = 9_007_199_254_740_991;

const MAX_DEPTH: usize = 64;
/// The most values in one text. Each takes far more memory than the two bytes it may be written in.
const MAX_VALUES: usize = 500_000;

/// A JSON value; objects keep the order of their keys and have each key once.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Why a text is not JSON that every reader reads the same way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body is not unambiguous JSON: {0}")]
pub struct JsonError(String);

impl Json {
    /// Parses one value that fills `bytes`.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let text = std::str::from_utf8(bytes).map_err(|_| JsonError("not UTF-8".into()))?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let left = Cell::new(MAX_VALUES);
        let value = Strict { depth: 0, left: &left }
            .deserialize(&mut deserializer)
            .and_then(|value| deserializer.end().map(|()| value))
            .map_err(|error| JsonError(error.to_string()))?;
        Ok(value)
    }

    /// The value under `key`, if this is an object.
    pub fn field(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value as text, without spaces, with keys in the order they were read.
    pub fn to_text(&self) -> String {
        // Infallible: strings are UTF-8, floats are finite, keys are strings.
        serde_json::to_string(self).unwrap_or_default()
    }
}

struct Strict<'a> {
    depth: usize,
    /// How many more values the text may have.
    left: &'a Cell<usize>,
}

impl Strict<'_> {
    fn within(&self) -> Self {
        Self { depth: self.depth + 1, left: self.left }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        if self.depth > MAX_DEPTH {
            return Err(de::Error::custom(format_args!("more than {MAX_DEPTH} levels deep")));
        }
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => return Err(de::Error::custom(format_args!("more than {MAX_VALUES} values"))),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Json, E> {
        if value.unsigned_abs() > MAX_SAFE_INTEGER.unsigned_abs() {
            return Err(E::custom("an integer past 2^53, which readers round differently"));
        }
        Ok(Json::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Json, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(E::custom("an integer past 2^53, which readers round differently")),
        }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json, E> {
        if !value.is_finite() || value.abs() > 9_007_199_254_740_991.0 {
            return Err(E::custom("a number past 2^53, which readers round differently"));
        }
        Ok(Json::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self.within())? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut fields = Vec::new();
        let mut seen = std::collections::HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                return Err(de::Error::custom(format_args!("the key `{}` stands twice", key.escape_debug())));
            }
            let value = entries.next_value_seed(self.within())?;
            fields.push((key, value));
        }
        Ok(Json::Object(fields))
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::String(value) => serializer.serialize_str(value),
            Self::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (key, value) in fields {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        let deep = "[".repeat(80) + &"]".repeat(80);
        for bad in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            "9007199254740993",
            "1e300",
            "\u{feff}{}",
            "{} {}",
            "{}x",
            "",
            "nan",
            deep.as_str(),
        ] {
            assert!(Json::parse(bad.as_bytes()).is_err(), "{bad:.40} was accepted");
        }
        let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert!(Json::parse(many.as_bytes()).is_err_and(|error| error.0.contains("values")));
        assert!(Json::parse(b"{\"a\":\"\xff\"}").is_err());
        assert!(Json::parse("\u{0}".as_bytes()).is_err());
    }

    #[test]
    fn what_is_read_is_written_back_in_the_same_order() {
        let text = r#"{"z":1,"a":[true,null,-2.5,"é\n"],"m":{}}"#;
        assert_eq!(Json::parse(text.as_bytes()).unwrap().to_text(), text);
    }

    #[test]
    fn a_number_with_many_digits_is_the_nearest_that_there_is() {
        for text in
            ["90072159940089.107215994025", "4503599627370495.4999999999", "0.3000000000000000166533453694"]
        {
            let Ok(Json::Float(read)) = Json::parse(text.as_bytes()) else { panic!("{text}") };
            let nearest: f64 = text.parse().unwrap();
            assert_eq!(read.to_bits(), nearest.to_bits(), "{text}");
            assert_eq!(Json::parse(Json::Float(read).to_text().as_bytes()), Ok(Json::Float(read)), "{text}");
        }
    }
}
