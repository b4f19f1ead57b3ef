//! The bodies that an operation takes: JSON of a type, a form of fields, or content that passes unchanged.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::schema::Schemas;
use super::parameters::{bracketed, query_type};
use crate::catalog::description::OperationLine;

pub(crate) fn read_body<'a>(schemas: &mut Schemas<'a>, body: &'a Value, line: &mut OperationLine) {
    line.body_required = body.get("required").and_then(Value::as_bool) == Some(true);
    for (kind, media) in body.get("content").and_then(Value::as_object).into_iter().flatten() {
        let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence == "application/json" || essence.ends_with("+json") {
            if line.body.is_none() {
                let place = line.op.clone();
                let ty = media
                    .get("schema")
                    .map_or_else(|| "any".to_owned(), |schema| schemas.expression(schema, &place));
                line.body = Some(ty);
            }
        } else if essence == "application/x-www-form-urlencoded" {
            line.form = form_fields(schemas, media, &line.op);
        } else if essence.starts_with("multipart/") {
            schemas.note(format!("`{}` takes {essence}, which is not read: left out", line.op));
        } else {
            line.media.push(essence);
        }
    }
    line.media.sort();
    line.media.dedup();
}

/// The fields of a form. Only a scalar, or a list of them, has one spelling in a form.
fn form_fields<'a>(schemas: &mut Schemas<'a>, media: &'a Value, op: &str) -> BTreeMap<String, String> {
    let mut form = BTreeMap::new();
    let (properties, required) = schemas.fields_of(media.get("schema"));
    for (name, schema) in properties {
        let encoding = media.get("encoding").and_then(|encoding| encoding.get(&name));
        let style = encoding.and_then(|encoding| encoding.get("style")).and_then(Value::as_str);
        if style == Some("deepObject") || name.ends_with("[]") {
            form.extend(bracketed(schemas, schema, &name, required.contains(name.as_str())));
            continue;
        }
        let target = schemas.target(schema);
        let is_object = target.get("properties").is_some()
            || target.get("type").and_then(Value::as_str) == Some("object");
        if is_object || name.ends_with(['!', '*']) {
            schemas.note(format!("the form field `{}` of `{op}` is left out", name.escape_debug()));
            continue;
        }
        let (ty, repeats) = query_type(schemas, schema, &name);
        let marks = format!(
            "{}{}",
            if repeats { "*" } else { "" },
            if required.contains(name.as_str()) { "!" } else { "" }
        );
        form.insert(format!("{name}{marks}"), ty);
    }
    form
}
