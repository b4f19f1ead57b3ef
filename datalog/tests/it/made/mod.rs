//! Generated answers for a rule on answers, and every mask that is tried on them.

use datalog::catalog::{AnswerRule, Dated, TimeFormat};
use datalog::{KnownConnection, Request};
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;

use super::common::NOW;

/// An item of a made-up answer.
pub(crate) struct Item {
    pub is_fresh: bool,
    pub is_labelled: bool,
    /// A text that only this item contains.
    pub content: String,
}

/// Which items an answer has.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pick {
    Old,
    Fresh,
    Both,
}

impl Pick {
    pub(crate) const ALL: [Self; 3] = [Self::Old, Self::Fresh, Self::Both];
}

/// A field mask. None asks for the full answer.
#[derive(Debug, Clone)]
pub(crate) struct Mask(pub Option<String>);

fn set(at: &mut Value, path: &[Box<str>], value: Value) {
    match path.split_first() {
        None => *at = value,
        Some((first, rest)) => {
            let fields = at.as_object_mut().unwrap();
            set(fields.entry(first.to_string()).or_insert_with(|| json!({})), rest, value);
        }
    }
}

fn item(rule: &AnswerRule, number: usize, is_fresh: bool) -> (Value, Item) {
    let content = format!("content-{number}-");
    let mut value = json!({"snippet": content, "title": content, "payload": {"body": {"data": content}}, "other": [{"deep": content}]});
    let moment = NOW - time::Duration::hours(if is_fresh { 1 } else { 100 });
    for (dated, path) in rule.time.iter().flat_map(|dated| dated.fields().map(move |path| (dated, path))) {
        let text = match dated.format {
            TimeFormat::Seconds => format!("{}.000100", moment.unix_timestamp()),
            TimeFormat::Milliseconds => (moment.unix_timestamp() * 1_000).to_string(),
            TimeFormat::Rfc3339 => moment.format(&Rfc3339).unwrap(),
        };
        set(&mut value, path, json!(text));
    }
    // Only old items have labels. Without its labels, an item looks like one that has none.
    if let (Some(path), false) = (&rule.labels, is_fresh) {
        set(&mut value, path, json!(["SECRET"]));
    }
    (value, Item { is_fresh, is_labelled: !is_fresh, content })
}

/// An answer in the form of the rule, and its items.
pub(crate) fn answer(rule: &AnswerRule, pick: Pick) -> (Value, Vec<Item>) {
    let ages: &[bool] = match pick {
        Pick::Old => &[false],
        Pick::Fresh => &[true],
        Pick::Both => &[false, true],
    };
    let (values, items): (Vec<Value>, Vec<Item>) =
        ages.iter().enumerate().map(|(number, is_fresh)| item(rule, number, *is_fresh)).unzip();
    let list = if values.len() == 1 { values[0].clone() } else { Value::Array(values) };
    if rule.items.is_empty() {
        return (list, items);
    }
    let mut whole = Value::Object(Map::new());
    set(&mut whole, &rule.items, list);
    // Content beside the items, and beside the things that hold them.
    for depth in 0..rule.items.len() {
        let mut beside = rule.items[..depth].to_vec();
        beside.push("preview".into());
        set(&mut whole, &beside, json!(items[0].content));
    }
    (whole, items)
}

/// What a service that supports masks would leave of an answer.
fn masked(value: &Value, mask: &str) -> Value {
    match value {
        Value::Array(all) => all.iter().map(|one| masked(one, mask)).collect(),
        Value::Object(fields) => {
            let mut kept = Map::new();
            for one in pieces(mask) {
                let (name, below) = match one.find(['/', '(']) {
                    None => (one, None),
                    Some(at) if one[at..].starts_with('/') => (&one[..at], Some(&one[at + 1..])),
                    Some(at) => (&one[..at], Some(one[at + 1..].strip_suffix(')').unwrap())),
                };
                for (field, inner) in fields.iter().filter(|(field, _)| name == "*" || *field == name) {
                    let inner = below.map_or_else(|| inner.clone(), |below| masked(inner, below));
                    merge(kept.entry(field.clone()).or_insert(json!({})), inner);
                }
            }
            Value::Object(kept)
        }
        other => other.clone(),
    }
}

/// Merges what two parts of a mask select within one field.
fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(fields), Value::Object(more)) => more.into_iter().for_each(|(name, inner)| {
            merge(fields.entry(name).or_insert(json!({})), inner);
        }),
        (Value::Array(all), Value::Array(more)) if all.len() == more.len() => {
            all.iter_mut().zip(more).for_each(|(one, inner)| merge(one, inner));
        }
        (into, more) => *into = more,
    }
}

/// The parts of a mask that are joined by commas outside brackets.
fn pieces(mask: &str) -> Vec<&str> {
    let (mut found, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, c) in mask.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&mask[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(&mask[from..]);
    found
}

impl Mask {
    pub(crate) fn of(&self, whole: &Value) -> Value {
        self.0.as_deref().map_or_else(|| whole.clone(), |mask| masked(whole, mask))
    }
}

/// Masks for the answers of a rule. If the service has no masks, the only one is empty.
pub(crate) fn masks(known: &KnownConnection, rule: &AnswerRule) -> Vec<Mask> {
    let mut all = vec![Mask(None)];
    if !known.service.common_query().iter().any(|parameter| &*parameter.name == "fields") {
        return all;
    }
    let time = rule.time.iter().flat_map(Dated::fields).map(|path| path.join("/"));
    let labels = rule.labels.iter().map(|path| path.join("/"));
    let told: Vec<String> = time.chain(labels).collect();
    let content = [
        "snippet",
        "title",
        "payload",
        "payload/body/data",
        "other/deep",
        "payload(body(data)),title",
        "*",
        "preview",
    ];
    let mut inside: Vec<String> = content.iter().map(ToString::to_string).collect();
    for one in &told {
        inside.extend(content.iter().map(|content| format!("{content},{one}")));
        inside.push(one.clone());
    }
    inside.push(told.iter().map(String::as_str).chain(["snippet"]).collect::<Vec<_>>().join(","));
    let items = rule.items.join("/");
    for inside in inside {
        match items.is_empty() {
            true => all.push(Mask(Some(inside))),
            false => {
                all.push(Mask(Some(format!("{items}({inside})"))));
                all.push(Mask(Some(format!("{items}({inside}),preview"))));
                all.push(Mask(Some(
                    pieces(&inside).iter().map(|one| format!("{items}/{one}")).collect::<Vec<_>>().join(","),
                )));
            }
        }
    }
    all
}

/// The request with a mask.
pub(crate) fn with_query(known: &KnownConnection, request: Request, mask: &Mask) -> Request {
    let Some(mask) = &mask.0 else { return request };
    let query = if request.query.is_empty() {
        format!("fields={mask}")
    } else {
        format!("{}&fields={mask}", request.query)
    };
    let query = query
        .replace('(', "%28")
        .replace(')', "%29")
        .replace('/', "%2F")
        .replace(',', "%2C")
        .replace('*', "%2A");
    let raw = datalog::RawRequest { query: Some(&query), ..datalog::RawRequest::new("GET", &request.path) };
    known.service.classify(&known.name, &known.account, &raw).unwrap()
}
