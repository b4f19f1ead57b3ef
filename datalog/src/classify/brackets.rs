//! Fields that a query or a form writes with brackets: `metadata[order]=7`, `items[0][price]=5`, `tags[]=a`.
//!
//! The pairs of one field become one value, which is checked against the field's type like a body and written back pair
//! by pair. Readers of brackets differ on odd, deep or many keys. Keys that they could read differently are refused.
//!
//! - Invariant: Every reader reads brackets in a name as one value, or the request is refused
//!   (`brackets_that_two_readers_could_read_differently_are_refused`).

use crate::catalog::operation::QueryParameter;
use crate::catalog::types::{Named, Type, Types};
use crate::classify::conform::{self, Mismatch};
use crate::classify::misfit::{ClassifyError, shown};
use crate::classify::pairs::{ambiguous, scalar};
use crate::request::argument::{Argument, Location, Scalar};
use crate::words::json::Json;

/// Widely used readers stop here: they read anything deeper or longer as something else.
const MAX_DEPTH: usize = 5;
const MAX_ITEMS: usize = 20;
/// Alternatives inside alternatives multiply, so the work has a limit.
const MAX_STEPS: usize = 20_000;
/// A key that JavaScript readers drop.
const DROPPED: &str = "__proto__";

/// One pair of a field: its keys, and its value as text.
#[derive(Debug)]
struct Pair {
    keys: Vec<String>,
    text: String,
}

/// The pairs of one field.
struct FieldPairs<'a> {
    parameter: &'a QueryParameter,
    pairs: Vec<Pair>,
}

/// The fields with brackets of one request.
#[derive(Default)]
pub(crate) struct Brackets<'a> {
    fields: Vec<FieldPairs<'a>>,
}

impl<'a> Brackets<'a> {
    /// Takes a pair if its field is written with brackets.
    pub(crate) fn take(
        &mut self,
        known: &'a [QueryParameter],
        name: &str,
        text: &str,
    ) -> Result<bool, ClassifyError> {
        let base = name.split('[').next().unwrap_or_default();
        let Some(parameter) = known.iter().find(|one| one.brackets && *one.name == *base) else {
            return Ok(false);
        };
        let keys = keys_of(name.strip_prefix(base).unwrap_or_default()).ok_or_else(|| {
            let expected = format!("`{base}` with keys in brackets, at most {MAX_DEPTH} deep");
            ambiguous(&expected, &format!("`{}`", shown(name)), None)
        })?;
        let pair = Pair { keys, text: text.to_owned() };
        match self.fields.iter_mut().find(|field| field.parameter.name == parameter.name) {
            Some(field) => field.pairs.push(pair),
            None => self.fields.push(FieldPairs { parameter, pairs: vec![pair] }),
        }
        Ok(true)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = std::sync::Arc<str>> + '_ {
        self.fields.iter().map(|field| field.parameter.name.clone())
    }

    /// The pairs as they are sent. Their values become arguments.
    pub(crate) fn finish(
        self,
        types: &Types,
        location: Location,
        arguments: &mut Vec<Argument>,
    ) -> Result<Vec<(String, String)>, ClassifyError> {
        let mut sent = Vec::new();
        for FieldPairs { parameter, pairs } in self.fields {
            let name = &parameter.name;
            let mut build = Build { types, steps: 0 };
            let rest: Vec<Rest<'_>> =
                pairs.iter().enumerate().map(|(at, pair)| (pair.keys.as_slice(), at)).collect();
            let Some((json, texts)) = build.value(&parameter.ty, &rest, &pairs) else {
                let expected =
                    format!("`{name}` to have the keys and values that it is described with, each once");
                let got = pairs.iter().map(|pair| bracketed(name, &pair.keys)).collect::<Vec<_>>().join(", ");
                return Err(ambiguous(&expected, &format!("`{}`", shown(&got)), None));
            };
            let from = arguments.len();
            conform::check_at(types, &parameter.ty, &json, name, arguments)
                .map_err(|Mismatch { expected, got }| ambiguous(&expected, &got, None))?;
            arguments.iter_mut().skip(from).for_each(|argument| argument.location = location);
            let mut canonical: Vec<(usize, String)> = texts;
            canonical.sort_by_key(|(at, _)| *at);
            sent.extend(
                canonical
                    .into_iter()
                    .filter_map(|(at, text)| pairs.get(at).map(|pair| (bracketed(name, &pair.keys), text))),
            );
        }
        Ok(sent)
    }
}

fn bracketed(name: &str, keys: &[String]) -> String {
    let keys: String = keys.iter().map(|key| format!("[{key}]")).collect();
    format!("{name}{keys}")
}

/// `[a][0]` as its keys.
fn keys_of(text: &str) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (key, after) = rest.strip_prefix('[')?.split_once(']')?;
        let is_plain = key.len() <= 200 && key != DROPPED && !key.contains('[') && key.trim() == key;
        if !is_plain || keys.len() >= MAX_DEPTH {
            return None;
        }
        keys.push(key.to_owned());
        rest = after;
    }
    Some(keys)
}

/// The remaining keys of a pair, and its place.
type Rest<'k> = (&'k [String], usize);
/// A key, and the pairs that begin with it.
type Group<'k> = (&'k str, Vec<Rest<'k>>);
/// A value, and the spelling of each of its pairs.
type Built = (Json, Vec<(usize, String)>);

struct Build<'a> {
    types: &'a Types,
    steps: usize,
}

impl Build<'_> {
    fn value(&mut self, ty: &Type, rest: &[Rest<'_>], pairs: &[Pair]) -> Option<Built> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return None;
        }
        let types = self.types;
        match types.resolve(ty) {
            Type::OneOf(options) => options.iter().find_map(|option| self.value(option, rest, pairs)),
            Type::List(item) => self.list(item, rest, pairs),
            Type::Map(inner) => self.object(rest, pairs, |_| Some(inner.as_ref())),
            Type::Named(at) => {
                let Named::Object { fields, rest: others } = types.entry(*at)? else { return None };
                self.object(rest, pairs, |key| {
                    let field = fields.iter().find(|field| *field.name == *key).map(|field| &field.ty);
                    field.or(others.as_ref())
                })
            }
            ty => {
                let [([], at)] = rest else { return None };
                let (value, text) = scalar(types, ty, &pairs.get(*at)?.text)?;
                Some((json_of(value), vec![(*at, text)]))
            }
        }
    }

    fn object<'t>(
        &mut self,
        rest: &[Rest<'_>],
        pairs: &[Pair],
        type_of: impl Fn(&str) -> Option<&'t Type>,
    ) -> Option<Built> {
        let (mut entries, mut texts) = (Vec::new(), Vec::new());
        for (key, inner) in grouped(rest)? {
            // For some readers a key of digits is a place in a list.
            if key.is_empty() || key.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let (json, more) = self.value(type_of(key)?, &inner, pairs)?;
            entries.push((key.to_owned(), json));
            texts.extend(more);
        }
        Some((Json::Object(entries), texts))
    }

    /// Reads a list: `[]` once for each item, or places from 0 without a gap.
    fn list(&mut self, item: &Type, rest: &[Rest<'_>], pairs: &[Pair]) -> Option<Built> {
        let (mut items, mut texts) = (Vec::new(), Vec::new());
        let appended = rest.iter().all(|(keys, _)| matches!(keys, [only] if only.is_empty()));
        let groups: Vec<Vec<Rest<'_>>> = match appended {
            true => rest.iter().map(|(_, at)| vec![(&[] as &[String], *at)]).collect(),
            false => {
                let groups = grouped(rest)?;
                let in_order = groups.iter().enumerate().all(|(at, (key, _))| *key == at.to_string());
                in_order.then(|| groups.into_iter().map(|(_, inner)| inner).collect())?
            }
        };
        if groups.is_empty() || groups.len() > MAX_ITEMS {
            return None;
        }
        for inner in groups {
            let (json, more) = self.value(item, &inner, pairs)?;
            items.push(json);
            texts.extend(more);
        }
        Some((Json::Array(items), texts))
    }
}

/// Pairs by their first key, in the order of first appearance; none if a pair has no key.
fn grouped<'k>(rest: &[Rest<'k>]) -> Option<Vec<Group<'k>>> {
    let mut groups: Vec<Group<'k>> = Vec::new();
    for (keys, at) in rest {
        let (first, inner) = keys.split_first()?;
        match groups.iter_mut().find(|(known, _)| known == first) {
            Some((_, group)) => group.push((inner, *at)),
            None => groups.push((first, vec![(inner, *at)])),
        }
    }
    Some(groups)
}

fn json_of(value: Scalar) -> Json {
    match value {
        Scalar::String(text) => Json::String(text),
        Scalar::Int(number) => Json::Int(number),
        Scalar::Bool(flag) => Json::Bool(flag),
        Scalar::Other(text) => Json::parse(text.as_bytes()).unwrap_or(Json::String(text)),
    }
}
