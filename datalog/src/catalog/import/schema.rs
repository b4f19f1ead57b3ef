//! JSON Schema, as Discovery and OpenAPI use it, to the compact type grammar.
//!
//! Objects become named, closed types (their fields and no others, unless the description says otherwise);
//! what is nested in place is named after where it stands, and equal ones share a name. Bounds, patterns,
//! defaults and prose are dropped. What cannot be expressed becomes `any` and is noted.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use crate::catalog::facts::TypeLine;
use crate::catalog::types::quote;

const MAX_DEPTH: usize = 40;
/// Expressions longer than this get a name, so that they stand in the file once.
const LONG: usize = 40;

/// Finds what a `$ref` points at: its short name, and the schema.
pub(super) type Resolve<'a> = Box<dyn Fn(&str) -> Option<(String, &'a Value)> + 'a>;

/// Builds the named types of one service.
pub(super) struct Schemas<'a> {
    resolve: Resolve<'a>,
    lines: BTreeMap<String, TypeLine>,
    by_shape: HashMap<String, String>,
    /// Expression of every `$ref` that was started; a name until it is known.
    refs: HashMap<String, String>,
    notes: BTreeSet<String>,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(resolve: Resolve<'a>) -> Self {
        Self {
            resolve,
            lines: BTreeMap::new(),
            by_shape: HashMap::new(),
            refs: HashMap::new(),
            notes: BTreeSet::new(),
        }
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.insert(text.into());
    }

    pub(super) fn finish(mut self) -> (Vec<TypeLine>, Vec<String>) {
        // A type that is nothing but itself has no meaning; its name was given out all the same.
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
    pub(super) fn target(&self, value: &'a Value) -> &'a Value {
        let mut value = value;
        for _ in 0..MAX_DEPTH {
            match value.get("$ref").and_then(Value::as_str).and_then(|reference| (self.resolve)(reference)) {
                Some((_, target)) => value = target,
                None => return value,
            }
        }
        value
    }

    /// The expression for a schema; `place` names what is defined in place.
    pub(super) fn expression(&mut self, schema: &'a Value, place: &str) -> String {
        let text = self.build(schema, place, 0);
        self.shorten(text, place)
    }

    /// The same, as one word: `string`, `int`, … or `#Name`.
    pub(super) fn word(&mut self, schema: &'a Value, place: &str) -> String {
        let text = self.expression(schema, place);
        match text.as_str() {
            "string" | "int" | "number" | "bool" | "any" => text,
            name if name.starts_with('#') && !name.contains('|') => text,
            _ => self.alias(&text, place),
        }
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

    /// Whether a type that was built meanwhile refers to this name, so that it has to exist.
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

    /// One option of a `oneOf`, together with the fields that stand beside it.
    fn with_base(
        &mut self,
        base: &'a Map<String, Value>,
        option: &'a Value,
        place: &str,
        depth: usize,
    ) -> String {
        let target = self.target(option);
        match target.as_object() {
            Some(object) if base.contains_key("properties") && object.contains_key("properties") => {
                let mut fields = Fields::default();
                fields.add(base);
                fields.add(object);
                self.object(&fields, place, depth)
            }
            Some(object) if base.contains_key("properties") && !object.contains_key("type") => {
                let mut fields = Fields::default();
                fields.add(base);
                self.object(&fields, place, depth)
            }
            _ => self.build(option, place, depth + 1),
        }
    }

    fn all_of(
        &mut self,
        base: &'a Map<String, Value>,
        parts: &'a [Value],
        place: &str,
        depth: usize,
    ) -> String {
        if let ([only], false) = (parts, base.contains_key("properties")) {
            return self.build(only, place, depth + 1);
        }
        let mut fields = Fields::default();
        fields.add(base);
        let mut pending: Vec<&'a Value> = parts.iter().collect();
        let mut steps = 0;
        while let Some(part) = pending.pop() {
            steps += 1;
            let Some(object) = self.target(part).as_object().filter(|_| steps < 200) else { continue };
            if object.contains_key("oneOf") || object.contains_key("anyOf") {
                self.note(format!("`{place}` combines alternatives: taken as any value"));
                return "any".into();
            }
            if let Some(more) = object.get("allOf").and_then(Value::as_array) {
                pending.extend(more);
            }
            fields.add(object);
        }
        self.object(&fields, place, depth)
    }

    fn object(&mut self, fields: &Fields<'a>, place: &str, depth: usize) -> String {
        let mut line = TypeLine { name: String::new(), is: None, fields: BTreeMap::new(), rest: None };
        for (name, schema) in &fields.properties {
            if name.ends_with('!') || name.chars().any(char::is_control) {
                self.note(format!(
                    "the field `{}` of `{place}` has a name that cannot be written: left out",
                    name.escape_debug()
                ));
                continue;
            }
            let inner = format!("{place}.{name}");
            let text = self.build(schema, &inner, depth + 1);
            let text = self.shorten(text, &inner);
            let mark = if fields.required.contains(name.as_str()) { "!" } else { "" };
            line.fields.insert(format!("{name}{mark}"), text);
        }
        line.rest = match fields.rest {
            Some(Value::Bool(true)) => Some("any".into()),
            Some(schema @ Value::Object(_)) => Some(self.build(schema, place, depth + 1)),
            Some(_) => None,
            None => line.fields.is_empty().then(|| "any".into()),
        };
        if let (true, Some(rest)) = (line.fields.is_empty(), &line.rest) {
            return format!("{{}}{}", grouped(rest));
        }
        let is_reference = self.refs.get(place).is_some_and(|text| *text == format!("#{place}"));
        if is_reference && !self.lines.contains_key(place) {
            line.name = place.to_owned();
            self.lines.insert(place.to_owned(), line);
            return format!("#{place}");
        }
        let shape = format!("{:?} {:?}", line.fields, line.rest);
        if let Some(name) = self.by_shape.get(&shape) {
            return format!("#{name}");
        }
        let name = self.free_name(place);
        line.name.clone_from(&name);
        self.by_shape.insert(shape, name.clone());
        self.lines.insert(name.clone(), line);
        format!("#{name}")
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

/// The fields of an object, gathered from all the places that a description may put them.
#[derive(Default)]
struct Fields<'a> {
    properties: BTreeMap<String, &'a Value>,
    required: BTreeSet<&'a str>,
    rest: Option<&'a Value>,
}

impl<'a> Fields<'a> {
    fn add(&mut self, schema: &'a Map<String, Value>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            self.properties.extend(properties.iter().map(|(name, schema)| (name.clone(), schema)));
        }
        if let Some(required) = schema.get("required").and_then(Value::as_array) {
            self.required.extend(required.iter().filter_map(Value::as_str));
        }
        self.rest = self.rest.or(schema.get("additionalProperties"));
    }
}

/// The names that an expression mentions.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(['|', '(', ')', '[', ']', '{', '}']).filter_map(|word| word.strip_prefix('#'))
}

fn alias_line(name: &str, text: &str) -> TypeLine {
    TypeLine { name: name.to_owned(), is: Some(text.to_owned()), fields: BTreeMap::new(), rest: None }
}

fn has_shape(schema: &Value) -> bool {
    const SHAPES: [&str; 9] =
        ["$ref", "type", "properties", "items", "enum", "const", "oneOf", "anyOf", "allOf"];
    SHAPES.iter().any(|key| schema.get(key).is_some())
}

fn is_nullable(schema: &Map<String, Value>) -> bool {
    schema.get("nullable").and_then(Value::as_bool) == Some(true)
}

/// Whole numbers and the like are held to their type only; strings to the very values.
fn enum_value(value: &Value, schema: &Map<String, Value>) -> String {
    match value {
        Value::String(_) if schema.get("type").and_then(Value::as_str) == Some("integer") => "int".into(),
        Value::String(text) => quote(text),
        Value::Bool(_) => "bool".into(),
        Value::Null => "null".into(),
        Value::Number(number) if number.is_i64() || number.is_u64() => "int".into(),
        Value::Number(_) => "number".into(),
        Value::Array(_) | Value::Object(_) => "any".into(),
    }
}

fn union(options: Vec<String>) -> String {
    let mut seen = BTreeSet::new();
    let kept: Vec<String> = options.into_iter().filter(|option| seen.insert(option.clone())).collect();
    match kept.iter().find(|option| *option == "any") {
        Some(any) => any.clone(),
        None => kept.join("|"),
    }
}

fn grouped(text: &str) -> String {
    let is_union = text.split('\'').step_by(2).any(|outside| outside.contains('|'));
    if is_union { format!("({text})") } else { text.to_owned() }
}

fn clean(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-/".contains(c) { c } else { '_' }).collect()
}
