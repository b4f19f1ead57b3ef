//! Objects of a description as named types: their fields, gathered from every place that may define them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Schemas;
use super::text::grouped;
use crate::catalog::description::TypeLine;
use crate::catalog::import::schema::fields::Fields;

impl<'a> Schemas<'a> {
    /// The fields that a schema has by itself or by `allOf`, and the names of the required ones.
    pub(in crate::catalog::import) fn fields_of(
        &self,
        schema: Option<&'a Value>,
    ) -> (BTreeMap<String, &'a Value>, BTreeSet<&'a str>) {
        let mut fields = Fields::default();
        let mut pending: Vec<&'a Value> = schema.into_iter().collect();
        let mut steps = 0;
        while let Some(part) = pending.pop().filter(|_| steps < 200) {
            steps += 1;
            let Some(object) = self.target(part).as_object() else { continue };
            pending.extend(object.get("allOf").and_then(Value::as_array).into_iter().flatten());
            fields.add(object);
        }
        (fields.properties, fields.required)
    }

    /// One option of a `oneOf`, with the fields beside it.
    pub(crate) fn with_base(
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

    pub(crate) fn all_of(
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

    pub(crate) fn object(&mut self, fields: &Fields<'a>, place: &str, depth: usize) -> String {
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
}

impl<'a> Fields<'a> {
    pub(crate) fn add(&mut self, schema: &'a Map<String, Value>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            self.properties.extend(properties.iter().map(|(name, schema)| (name.clone(), schema)));
        }
        if let Some(required) = schema.get("required").and_then(Value::as_array) {
            self.required.extend(required.iter().filter_map(Value::as_str));
        }
        self.rest = self.rest.or(schema.get("additionalProperties"));
    }
}
