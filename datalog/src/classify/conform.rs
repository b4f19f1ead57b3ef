//! Checks a JSON value against a closed type, and makes arguments of its scalar values.
//!
//! An unknown field, or a value of another type, is refused by name. The names of arguments come from the schema. A key
//! that is data becomes a value of `path.*`. A free-form part is one argument.

use std::sync::Arc;

use crate::catalog::types::{Field, Named, Type, TypeText, Types};
use crate::classify::misfit::shown;
use crate::request::argument::{Argument, Location, Scalar};
use crate::words::json::Json;

/// More values than any operation takes.
const MAX_ARGUMENTS: usize = 20_000;

/// Alternatives inside alternatives multiply, so the work has a limit. No honest body comes near it.
const MAX_STEPS: usize = 200_000;

/// Checks a whole body, adding its values to `arguments`.
pub(crate) fn check(
    types: &Types,
    ty: &Type,
    json: &Json,
    arguments: &mut Vec<Argument>,
) -> Result<(), Mismatch> {
    Check { types, path: String::new(), arguments, steps: 0 }.value(ty, json)
}

/// Checks the value of a field outside a JSON body.
pub(crate) fn check_at(
    types: &Types,
    ty: &Type,
    json: &Json,
    field: &str,
    arguments: &mut Vec<Argument>,
) -> Result<(), Mismatch> {
    Check { types, path: field.to_owned(), arguments, steps: 0 }.value(ty, json)
}

/// What was expected in the body, and what is there.
pub(crate) struct Mismatch {
    pub(crate) expected: String,
    pub(crate) got: String,
}

struct Check<'a> {
    types: &'a Types,
    /// The dotted path of the current value. Names come from the schema, never from the agent.
    path: String,
    arguments: &'a mut Vec<Argument>,
    steps: usize,
}

impl Check<'_> {
    fn value(&mut self, ty: &Type, value: &Json) -> Result<(), Mismatch> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Mismatch { expected: "a body that is simple to check".into(), got: "a maze".into() });
        }
        match (self.types.resolve(ty), value) {
            (Type::OneOf(options), value) => self.one_of(ty, options, value),
            (Type::Null, Json::Null) => self.other(value),
            (Type::String, Json::String(text)) => self.push(Scalar::String(text.clone())),
            (Type::Literal(known), Json::String(text)) if known.as_ref() == text => {
                self.push(Scalar::String(text.clone()))
            }
            (Type::Int | Type::Number, Json::Int(number)) => self.push(Scalar::Int(*number)),
            (Type::Number, Json::Float(_)) => self.other(value),
            (Type::Bool, Json::Bool(flag)) => self.push(Scalar::Bool(*flag)),
            (Type::List(item), Json::Array(items)) => {
                if items.is_empty() {
                    return self.other(value);
                }
                items.iter().try_for_each(|value| self.value(item, value))
            }
            (Type::Map(inner), Json::Object(entries)) => self.map(inner, entries),
            (Type::Named(at), Json::Object(entries)) => self.object(*at, entries),
            (Type::Any, value) => self.any(value),
            (ty, value) => Err(Mismatch {
                expected: format!("`{}` to be {}", self.place(), TypeText(ty, self.types)),
                got: kind_of(value).into(),
            }),
        }
    }

    fn one_of(&mut self, whole: &Type, options: &[Type], value: &Json) -> Result<(), Mismatch> {
        let (arguments, path) = (self.arguments.len(), self.path.len());
        let mut objects = Vec::new();
        for option in options {
            match self.value(option, value) {
                Ok(()) => return Ok(()),
                Err(mismatch)
                    if matches!((self.types.resolve(option), value), (Type::Named(_), Json::Object(_))) =>
                {
                    objects.push(mismatch);
                }
                Err(_) => {}
            }
            self.arguments.truncate(arguments);
            self.path.truncate(path);
        }
        // If one alternative is an object, the error says what is wrong inside it.
        match (objects.pop(), objects.is_empty()) {
            (Some(mismatch), true) => Err(mismatch),
            _ => Err(Mismatch {
                expected: format!("`{}` to be {}", self.place(), TypeText(whole, self.types)),
                got: kind_of(value).into(),
            }),
        }
    }

    fn object(&mut self, at: usize, entries: &[(String, Json)]) -> Result<(), Mismatch> {
        let Some(Named::Object { fields, rest }) = self.types.entry(at) else {
            return Err(Mismatch {
                expected: format!("`{}` to have a type", self.place()),
                got: "an object".into(),
            });
        };
        if let Some(missing) = fields
            .iter()
            .find(|field| field.required && !entries.iter().any(|(name, _)| *name == *field.name))
        {
            let place = self.joined(&missing.name);
            return Err(Mismatch {
                expected: format!("the field `{place}`"),
                got: "a body without it".into(),
            });
        }
        if entries.is_empty() && !self.path.is_empty() {
            return self.push(Scalar::Other("{}".into()));
        }
        for (name, value) in entries {
            match (fields.iter().find(|field| *field.name == **name), rest) {
                (Some(field), _) => self.inside(&field.name, |check| check.value(&field.ty, value))?,
                (None, Some(rest)) => self.entry(name, rest, value)?,
                (None, None) => return Err(self.unknown(fields, name)),
            }
        }
        Ok(())
    }

    fn map(&mut self, inner: &Type, entries: &[(String, Json)]) -> Result<(), Mismatch> {
        if entries.is_empty() {
            return self.push(Scalar::Other("{}".into()));
        }
        entries.iter().try_for_each(|(name, value)| self.entry(name, inner, value))
    }

    /// A field whose name is data: the name is a value of `path.*`, and so is its content.
    fn entry(&mut self, name: &str, ty: &Type, value: &Json) -> Result<(), Mismatch> {
        self.inside("*", |check| {
            check.push(Scalar::String(name.to_owned()))?;
            check.inside("value", |check| check.value(ty, value))
        })
    }

    fn any(&mut self, value: &Json) -> Result<(), Mismatch> {
        match value {
            Json::String(text) => self.push(Scalar::String(text.clone())),
            Json::Int(number) => self.push(Scalar::Int(*number)),
            Json::Bool(flag) => self.push(Scalar::Bool(*flag)),
            other => self.other(other),
        }
    }

    fn other(&mut self, value: &Json) -> Result<(), Mismatch> {
        self.push(Scalar::Other(value.to_text()))
    }

    fn push(&mut self, value: Scalar) -> Result<(), Mismatch> {
        if self.arguments.len() >= MAX_ARGUMENTS {
            return Err(Mismatch { expected: format!("at most {MAX_ARGUMENTS} values"), got: "more".into() });
        }
        let name: Arc<str> = if self.path.is_empty() { "*".into() } else { self.path.as_str().into() };
        self.arguments.push(Argument { name, location: Location::Body, value });
        Ok(())
    }

    fn inside(
        &mut self,
        name: &str,
        check: impl FnOnce(&mut Self) -> Result<(), Mismatch>,
    ) -> Result<(), Mismatch> {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        let result = check(self);
        self.path.truncate(length);
        result
    }

    fn unknown(&self, fields: &[Field], name: &str) -> Mismatch {
        let names: Vec<&str> = fields.iter().take(12).map(|field| field.name.as_ref()).collect();
        let more = if fields.len() > names.len() { ", …" } else { "" };
        let place = if self.path.is_empty() { "the body".to_owned() } else { format!("`{}`", self.path) };
        Mismatch {
            expected: format!("only known fields in {place} ({}{more})", names.join(", ")),
            got: format!("`{}`", shown(name)),
        }
    }

    fn joined(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn place(&self) -> &str {
        if self.path.is_empty() { "the body" } else { &self.path }
    }
}

fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Int(_) => "an integer",
        Json::Float(_) => "a fraction",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
