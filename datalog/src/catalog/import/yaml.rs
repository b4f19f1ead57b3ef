//! Reads the text of a description into a value: JSON, or YAML 1.2 by its core schema.
//!
//! Depth has a limit, and so does memory, with every copy that an alias makes. Keys are text, no key appears twice, and
//! there is one document. It refuses a text that two readers could take for different descriptions.
//!
//! It reads events, because a library that returns values does not count them against the memory of the whole import.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Number, Value};

use super::json;
use super::size::Room;
use crate::catalog::import::draft::ImportError;

const MAX_DEPTH: usize = 120;

/// Reads a description's text.
pub(crate) fn value_of(bytes: &[u8]) -> Result<Value, ImportError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| ImportError::Unreadable("it is not UTF-8".into()))?;
    if text.trim_start().starts_with(['{', '[']) {
        return json::value_of(text).map_err(|error| ImportError::Unreadable(format!("as JSON: {error}")));
    }
    yaml(text).map_err(|why| ImportError::Unreadable(format!("as YAML: {why}")))
}

/// A list or an object that has not ended yet.
enum OpenNode {
    List(Vec<Value>),
    /// An object, with the key whose value comes next.
    Object(Map<String, Value>, Option<String>),
}

#[derive(Default)]
struct YamlReader {
    open: Vec<(OpenNode, usize, usize)>,
    anchors: HashMap<usize, (Value, usize)>,
    done: Option<Value>,
    room: Room,
}

fn yaml(text: &str) -> Result<Value, String> {
    let mut reader = YamlReader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        reader.event(event).map_err(|why| format!("line {}: {why}", span.start.line()))?;
    }
    reader.done.ok_or_else(|| "nothing stands in it".into())
}

impl YamlReader {
    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::DocumentStart(_) if self.done.is_some() => Err("a second document begins".into()),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::SequenceStart(anchor, _) => self.open(OpenNode::List(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => self.open(OpenNode::Object(Map::new(), None), anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some((open, anchor, before)) = self.open.pop() else { return Ok(()) };
                let value = match open {
                    OpenNode::List(items) => Value::Array(items),
                    OpenNode::Object(entries, _) => Value::Object(entries),
                };
                let weight = self.room.taken() - before;
                self.put(value, anchor, weight)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let weight = self.count(text.len())?;
                if let Some((OpenNode::Object(entries, key @ None), ..)) = self.open.last_mut() {
                    if text == "<<" && style == ScalarStyle::Plain {
                        return Err("a merge key (`<<`) is not read".into());
                    }
                    if entries.contains_key(text.as_ref()) {
                        return Err(format!("the key `{}` stands twice", text.escape_debug()));
                    }
                    *key = Some(text.into_owned());
                    return Ok(());
                }
                let value = scalar(&text, style, tag.as_deref());
                self.put(value, anchor, weight)
            }
            Event::Alias(anchor) => {
                let known =
                    self.anchors.get(&anchor).ok_or("an alias stands inside what it is an alias of")?;
                self.room.take(known.1).map_err(|error| error.to_string())?;
                let (value, weight) = known.clone();
                self.put(value, 0, weight)
            }
        }
    }

    /// Counts a value or a key with this much text. Returns its weight.
    fn count(&mut self, text: usize) -> Result<usize, String> {
        self.room.value(text).map_err(|error| error.to_string())
    }

    fn open(&mut self, open: OpenNode, anchor: usize) -> Result<(), String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("it is nested deeper than {MAX_DEPTH}"));
        }
        if matches!(self.open.last(), Some((OpenNode::Object(_, None), ..))) {
            return Err("a key is a list or an object".into());
        }
        let before = self.room.taken();
        self.count(0)?;
        self.open.push((open, anchor, before));
        Ok(())
    }

    fn put(&mut self, value: Value, anchor: usize, weight: usize) -> Result<(), String> {
        if anchor > 0 {
            // Each anchor makes a copy, whether an alias follows or not.
            self.room.take(weight).map_err(|error| error.to_string())?;
            self.anchors.insert(anchor, (value.clone(), weight));
        }
        match self.open.last_mut() {
            Some((OpenNode::List(items), ..)) => items.push(value),
            Some((OpenNode::Object(entries, key), ..)) => {
                let key = key.take().ok_or("an alias is a key")?;
                entries.insert(key, value);
            }
            None => self.done = Some(value),
        }
        Ok(())
    }
}

/// The value of a scalar (YAML 1.2, section 10.3.2).
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
    if style != ScalarStyle::Plain || is_text {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let radix = |prefix, radix| i64::from_str_radix(text.strip_prefix(prefix)?, radix).ok();
    let whole = text.strip_prefix('+').unwrap_or(text).parse::<i64>().ok();
    if let Some(number) = whole.or_else(|| radix("0x", 16)).or_else(|| radix("0o", 8)) {
        return Value::from(number);
    }
    let is_number = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
        && text.bytes().any(|b| b.is_ascii_digit());
    let number = text.parse::<f64>().ok().filter(|_| is_number).and_then(Number::from_f64);
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_is_read_by_its_core_schema() {
        let text = "openapi: 3.1.0\nversion: 1.0\ncodes: {200: ok, '404': no}\nlist: [1, 0x10, 2.5, yes, null, ~, true]\n\
            text: |\n  two\n  lines\nshared: &a {x: 1}\nagain: *a\nday: 2026-11-23\nquoted: \"7\"\ntagged: !!str 7\n";
        let read = value_of(text.as_bytes()).unwrap();
        assert_eq!(
            read,
            json!({
                "openapi": "3.1.0", "version": 1.0, "codes": {"200": "ok", "404": "no"},
                "list": [1, 16, 2.5, "yes", null, null, true], "text": "two\nlines\n", "shared": {"x": 1},
                "again": {"x": 1}, "day": "2026-11-23", "quoted": "7", "tagged": "7",
            })
        );
        assert_eq!(value_of(b"\xef\xbb\xbf {\"a\": 1}").unwrap(), json!({"a": 1}));
    }

    #[test]
    fn what_would_take_more_memory_than_there_is_to_be_is_not_read() {
        let numbers = vec!["1"; 60_000].join(",");
        let nested: String = (0..110).map(|n| format!("&a{n} [")).collect();
        let long = "x".repeat(1_000_000);
        let many = vec!["*a"; 300].join(",");
        for (name, text) in [
            ("anchors within anchors", format!("a: {nested}{numbers}{}\n", "]".repeat(110))),
            (
                "anchors within anchors, as objects",
                format!("a: {}[{numbers}]{}\n", "&b {k: ".repeat(100), "}".repeat(100)),
            ),
            ("a long text under many aliases", format!("a: &a {long}\nb: [{many}]\n")),
            ("a long key under many aliases", format!("a: &a {{{long}: 1}}\nb: [{many}]\n")),
            ("numbers in JSON", format!("[{}]", vec!["1"; 5_000_000].join(","))),
            ("empty lists in JSON", format!("[{}]", vec!["[]"; 5_000_000].join(","))),
            ("numbers in YAML", format!("a: [{}]\n", vec!["1"; 5_000_000].join(","))),
        ] {
            let error = value_of(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("more than 256 MiB of memory"), "{name}: {error}");
        }
        assert!(
            value_of(br#"{"a": 1, "b": {"c": 1, "\u0063": 2}}"#)
                .unwrap_err()
                .to_string()
                .contains("`c` stands twice")
        );
    }

    #[test]
    fn what_two_readers_could_read_differently_is_not_read() {
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for n in 1..10 {
            let before = n - 1;
            bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{before}"); 10].join(",")));
        }
        for (text, words) in [
            ("a: 1\na: 2\n", "`a` stands twice"),
            ("a: 1\n---\nb: 1\n", "second document"),
            ("base: &b {x: 1}\nother:\n  <<: *b\n", "merge key"),
            ("[a, b]: 1\n", "as JSON"),
            ("? [a, b]\n: 1\n", "a key is a list"),
            ("a: *nowhere\n", "line"),
            ("a: &a [*a]\n", "inside what it is"),
            ("", "nothing stands in it"),
            (&format!("a:\n  {deep}\n"), "nested deeper"),
            (&bomb, "more than 256 MiB"),
            ("a: b: c\n", "as YAML"),
        ] {
            let error = value_of(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{words}: {error}");
        }
    }
}
