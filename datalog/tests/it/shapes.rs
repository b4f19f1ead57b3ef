//! The catalog's types of answers, checked against the providers' descriptions: `catalog/NAME/answers.txt`.
//!
//! A redaction covers a field wherever a thing of its type appears, so a missing type would be shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::common::CATALOG;
use crate::described::Described;
use datalog::catalog::Service;
use datalog::catalog::import::{Options, import};
use serde_json::Value;

/// The types of one service, as far as they are read.
#[derive(Default)]
struct Found {
    types: BTreeMap<String, Type>,
    known: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Default, PartialEq)]
struct Type {
    fields: BTreeMap<String, BTreeSet<String>>,
    rest: Option<BTreeSet<String>>,
}

impl Found {
    /// The names of the object types that a value of the schema can have.
    fn read(&mut self, root: &Value, schema: &Value, place: &str) -> BTreeSet<String> {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
            return self.inline(root, schema, place);
        };
        if let Some(known) = self.known.get(reference) {
            return known.clone();
        }
        let name = reference.rsplit('/').next().unwrap().to_owned();
        self.known.insert(reference.to_owned(), [name.clone()].into());
        let types = self.inline(root, crate::described::follow(root, schema), &name);
        self.known.insert(reference.to_owned(), types.clone());
        types
    }

    fn inline(&mut self, root: &Value, schema: &Value, place: &str) -> BTreeSet<String> {
        let mut types = BTreeSet::new();
        for key in ["oneOf", "anyOf", "allOf"] {
            for way in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
                types.extend(self.read(root, way, place));
            }
        }
        if let Some(items) = schema.get("items") {
            types.extend(self.read(root, items, place));
        }
        let rest = schema.get("additionalProperties").filter(|rest| rest.is_object());
        let fields = schema.get("properties").and_then(Value::as_object);
        if fields.is_none() && rest.is_none() {
            return types;
        }
        self.types.entry(place.to_owned()).or_default();
        for (name, field) in fields.into_iter().flatten().filter(|(name, _)| !name.contains([' ', ':'])) {
            let inside = self.read(root, field, &format!("{place}.{name}"));
            self.types.get_mut(place).unwrap().fields.entry(name.clone()).or_default().extend(inside);
        }
        if let Some(rest) = rest {
            let inside = self.read(root, rest, &format!("{place}.*"));
            self.types.get_mut(place).unwrap().rest.get_or_insert_default().extend(inside);
        }
        types.insert(place.to_owned());
        types
    }

    /// Drops names that were reserved while a type was being read but that are no object.
    fn settled(mut self) -> Self {
        let objects: BTreeSet<String> = self.types.keys().cloned().collect();
        let known = std::mem::take(&mut self.known);
        let meant = |names: &BTreeSet<String>| -> BTreeSet<String> {
            let one = |name: &String| match objects.contains(name) {
                true => [name.clone()].into(),
                false => {
                    known.iter().find(|(reference, _)| reference.ends_with(name.as_str())).unwrap().1.clone()
                }
            };
            names.iter().flat_map(one).filter(|name: &String| objects.contains(name)).collect()
        };
        for one in self.types.values_mut() {
            one.fields.values_mut().chain(&mut one.rest).for_each(|names| *names = meant(names));
        }
        self
    }
}

impl Found {
    /// Merges types with the same name and shape, whatever their operation: they mean the same thing.
    fn merged(self) -> (BTreeMap<String, Type>, BTreeMap<String, String>) {
        let local = |name: &str| name.rsplit('.').next().unwrap().to_owned();
        let mut class: BTreeMap<&String, usize> = self.types.keys().map(|name| (name, 0)).collect();
        let mut count = 0;
        loop {
            let mut seen = BTreeMap::new();
            let mut next = BTreeMap::new();
            for (name, one) in &self.types {
                let classes =
                    |names: &BTreeSet<String>| names.iter().map(|name| class[name]).collect::<BTreeSet<_>>();
                let fields: Vec<_> =
                    one.fields.iter().map(|(field, names)| (field, classes(names))).collect();
                let shape = (local(name), fields, one.rest.as_ref().map(classes));
                let known = seen.len();
                next.insert(name, *seen.entry(shape).or_insert(known));
            }
            if seen.len() == count {
                break;
            }
            count = seen.len();
            class = next;
        }
        let mut first: BTreeMap<usize, &String> = BTreeMap::new();
        class.iter().for_each(|(name, class)| _ = first.entry(*class).or_insert(name));
        let locals: Vec<String> = first.values().map(|name| local(name)).collect();
        let short = |name: &String| {
            let own = local(name);
            let alone = locals.iter().filter(|one| **one == own).count() == 1;
            if alone { own } else { name.clone() }
        };
        let named: BTreeMap<String, String> =
            class.iter().map(|(name, class)| ((*name).clone(), short(first[class]))).collect();
        let renamed = |names: &BTreeSet<String>| names.iter().map(|name| named[name].clone()).collect();
        let types = first.values().map(|name| {
            let one = &self.types[*name];
            let fields = one.fields.iter().map(|(field, names)| (field.clone(), renamed(names))).collect();
            (named[*name].clone(), Type { fields, rest: one.rest.as_ref().map(renamed) })
        });
        (types.collect(), named)
    }
}

fn joined(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join("|")
}

fn text(service: &Service) -> String {
    let described = Described::of(service.name.as_str());
    let mut found = Found::default();
    let mut answers = BTreeMap::new();
    for operation in &service.operations {
        let Some(schema) = described.answer(service, operation) else { continue };
        let types = found.read(&described.root, schema, operation.own_id());
        answers.insert(operation.own_id(), types);
    }
    let (types, named) = found.settled().merged();
    let mut text = format!(
        "# The types of the answers of {}: made of the provider's own description, and held against it by a test.\n",
        service.title
    );
    for (name, one) in &types {
        write!(text, "type {name}").unwrap();
        for (field, types) in &one.fields {
            match types.is_empty() {
                true => write!(text, " {field}").unwrap(),
                false => write!(text, " {field}:{}", joined(types)).unwrap(),
            }
        }
        if let Some(rest) = &one.rest {
            write!(text, " *:{}", joined(rest)).unwrap();
        }
        text.push('\n');
    }
    for (operation, types) in answers {
        let types: BTreeSet<String> = types.iter().filter_map(|name| named.get(name).cloned()).collect();
        if !types.is_empty() {
            writeln!(text, "answer {operation} {}", joined(&types)).unwrap();
        }
    }
    text
}

#[test]
fn the_facts_of_notion_are_those_that_its_own_client_declares() {
    let described = crate::described::notion().to_string();
    let options = Options::named("notion".parse().unwrap());
    let now = import(described.as_bytes(), options).unwrap().facts_text;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog/notion/facts.jsonl");
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("notion.facts.jsonl");
    let is_so = fs::read_to_string(file).unwrap() == now;
    fs::write(&made, now).unwrap();
    assert!(is_so, "what the client declares now is in {}", made.display());
}

#[test]
fn the_types_of_answers_are_those_that_the_providers_describe() {
    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    let mut differ = Vec::new();
    for service in CATALOG.services() {
        let file = format!("{}/answers.txt", service.name);
        let now = text(service);
        if fs::read_to_string(catalog.join(&file)).unwrap_or_default() != now {
            let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file.replace('/', "."));
            fs::write(&made, now).unwrap();
            differ.push(format!("{file}: what the description says now is in {}", made.display()));
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
}
