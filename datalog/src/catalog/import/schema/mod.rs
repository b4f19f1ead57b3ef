//! JSON Schema, as Discovery and OpenAPI use it, to the compact type grammar.
//!
//! Objects become named, closed types: they have their fields and no others, unless the description says otherwise. A
//! type that is defined in place is named after its place, and equal types share a name. Bounds, patterns, defaults and
//! prose are dropped. A schema that types cannot express becomes `any`, and a note says so.

pub(crate) mod fields;
pub(crate) mod object;
pub(crate) mod text;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use crate::catalog::description::TypeLine;
use crate::catalog::import::schema::fields::Fields;
use text::{alias_line, clean, enum_value, grouped, has_shape, is_nullable, names_in, union};

const MAX_DEPTH: usize = 40;
/// A longer expression gets a name, so that the file holds it once.
const LONG: usize = 40;

/// Finds the target of a `$ref`: its short name, and the schema.
pub(crate) type Resolve<'a> = Box<dyn Fn(&str) -> Option<(String, &'a Value)> + 'a>;

/// Builds the named types of one service.
pub(crate) struct Schemas<'a> {
    resolve: Resolve<'a>,
    lines: BTreeMap<String, TypeLine>,
    by_shape: HashMap<String, String>,
    /// The expression of every started `$ref`; its own name until the expression is known.
    refs: HashMap<String, String>,
    notes: BTreeSet<String>,
}

impl<'a> Schemas<'a> {
    pub(crate) fn new(resolve: Resolve<'a>) -> Self {
        Self {
            resolve,
            lines: BTreeMap::new(),
            by_shape: HashMap::new(),
            refs: HashMap::new(),
            notes: BTreeSet::new(),
        }
    }

    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.insert(text.into());
    }

    pub(crate) fn finish(mut self) -> (Vec<TypeLine>, Vec<String>) {
        // A type that refers only to itself has no meaning, but its name is already in use.
        let named: Vec<String> =
            self.refs.values().flat_map(|text| names_in(text)).map(str::to_owned).collect();
        for name in named {
            if !self.lines.contains_key(&name) {
                self.note(format!("`{name}` is only defined by itself: taken as any value"));
                self.lines.insert(name.clone(), alias_line(&name, "any"));
            }
        }
        (self.lines.into_values().collect(), self.notes.into_iter().collect())
    }

    /// Follows a reference, or gives the value itself.
    pub(crate) fn target(&self, value: &'a Value) -> &'a Value {
        let mut value = value;
        for _ in 0..MAX_DEPTH {
            match value.get("$ref").and_then(Value::as_str).and_then(|reference| (self.resolve)(reference)) {
                Some((_, target)) => value = target,
                None => return value,
            }
        }
        value
    }

    /// The expression for a schema; `place` names types that are defined in place.
    pub(crate) fn expression(&mut self, schema: &'a Value, place: &str) -> String {
        let text = self.build(schema, place, 0);
        self.shorten(text, place)
    }

    /// The expression for a schema, as one word: `string`, `int`, … or `#Name`.
    pub(crate) fn word(&mut self, schema: &'a Value, place: &str) -> String {
        let text = self.expression(schema, place);
        self.as_word(&text, place)
    }

    /// An expression as one word, or a new name for it.
    pub(crate) fn as_word(&mut self, text: &str, place: &str) -> String {
        match text {
            "string" | "int" | "number" | "bool" | "any" => text.to_owned(),
            name if name.starts_with('#') && !name.contains('|') => text.to_owned(),
            _ => self.alias(text, place),
        }
    }

    /// The expression of a list of such values.
    pub(crate) fn list_of(&self, text: &str) -> String {
        format!("[]{}", grouped(text))
    }

    fn build(&mut self, schema: &'a Value, place: &str, depth: usize) -> String {
        if depth > MAX_DEPTH {
            self.note("a schema is nested too deep: taken as any value from there");
            return "any".into();
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.reference(reference, depth);
        }
        let Some(object) = schema.as_object() else { return "any".into() };
        let mut options = self.alternatives(object, place, depth);
        if is_nullable(object) && !options.iter().any(|option| option == "null") {
            options.push("null".into());
        }
        union(options)
    }

    fn reference(&mut self, reference: &str, depth: usize) -> String {
        let Some((name, target)) = (self.resolve)(reference) else {
            self.note(format!("`{}` points nowhere: taken as any value", reference.escape_debug()));
            return "any".into();
        };
        let name = clean(&name);
        if let Some(known) = self.refs.get(&name) {
            return known.clone();
        }
        self.refs.insert(name.clone(), format!("#{name}"));
        let text = self.build(target, &name, depth + 1);
        let is_short = text.len() <= LONG || text.starts_with('#');
        if text == format!("#{name}") || !is_short || self.is_mentioned(&name) {
            if text != format!("#{name}") {
                self.lines.entry(name.clone()).or_insert_with(|| alias_line(&name, &text));
            }
            return format!("#{name}");
        }
        self.refs.insert(name, text.clone());
        text
    }

    /// Whether another type refers to this name. Then a type of this name must exist.
    fn is_mentioned(&self, name: &str) -> bool {
        self.lines.values().any(|line| {
            let mut texts = line.fields.values().chain(&line.is).chain(&line.rest);
            texts.any(|text| names_in(text).any(|known| known == name))
        })
    }

    fn alternatives(&mut self, schema: &'a Map<String, Value>, place: &str, depth: usize) -> Vec<String> {
        for key in ["oneOf", "anyOf"] {
            let Some(options) = schema.get(key).and_then(Value::as_array) else { continue };
            let shaped: Vec<&'a Value> = options.iter().filter(|option| has_shape(option)).collect();
            if shaped.is_empty() {
                continue;
            }
            return shaped.into_iter().map(|option| self.with_base(schema, option, place, depth)).collect();
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            return vec![self.all_of(schema, parts, place, depth)];
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return values.iter().map(|value| enum_value(value, schema)).collect();
        }
        if let Some(value) = schema.get("const") {
            return vec![enum_value(value, schema)];
        }
        let kinds: Vec<&str> = match schema.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ if schema.contains_key("properties") || schema.contains_key("additionalProperties") => {
                vec!["object"]
            }
            _ if schema.contains_key("items") => vec!["array"],
            _ => vec!["any"],
        };
        kinds.into_iter().map(|kind| self.kind(kind, schema, place, depth)).collect()
    }

    fn kind(&mut self, kind: &str, schema: &'a Map<String, Value>, place: &str, depth: usize) -> String {
        match kind {
            "string" => "string".into(),
            "integer" => "int".into(),
            "number" => "number".into(),
            "boolean" => "bool".into(),
            "null" => "null".into(),
            "array" => match schema.get("items") {
                Some(items) => {
                    let item = self.build(items, place, depth + 1);
                    let item = self.shorten(item, place);
                    format!("[]{}", grouped(&item))
                }
                None => "[]any".into(),
            },
            "object" => {
                let mut fields = Fields::default();
                fields.add(schema);
                self.object(&fields, place, depth)
            }
            "any" => "any".into(),
            other => {
                self.note(format!("the type `{}` is not known: taken as any value", other.escape_debug()));
                "any".into()
            }
        }
    }

    fn shorten(&mut self, text: String, place: &str) -> String {
        if text.len() <= LONG || !text.contains('\'') { text } else { self.alias(&text, place) }
    }

    fn alias(&mut self, text: &str, place: &str) -> String {
        if let Some(name) = self.by_shape.get(text) {
            return format!("#{name}");
        }
        let field = place.rsplit('.').next().unwrap_or(place).to_owned();
        let name = self.free_name(&field);
        self.by_shape.insert(text.to_owned(), name.clone());
        self.lines.insert(name.clone(), alias_line(&name, text));
        format!("#{name}")
    }

    fn free_name(&self, place: &str) -> String {
        let base = clean(place);
        let mut name = base.clone();
        let mut number = 2;
        while self.lines.contains_key(&name) || self.refs.contains_key(&name) {
            name = format!("{base}-{number}");
            number += 1;
        }
        name
    }
}
