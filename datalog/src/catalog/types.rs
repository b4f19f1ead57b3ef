//! The compact type grammar of a facts file, and the named types of a service.
//!
//! `string int number bool null any`, `'value'` (one allowed string, with `%XX` for a character that would end it),
//! `[]T`, `{}T` (any keys, values of type T), `#Name`, and `A|B`. It describes what a request may hold. It does not
//! describe answers, defaults, lengths or prose.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::catalog::description::{FactsError, TypeLine};

/// What a value may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    Any,
    Null,
    String,
    Int,
    Number,
    Bool,
    /// Exactly this string.
    Literal(Box<str>),
    List(Box<Type>),
    Map(Box<Type>),
    /// A named type, by its place in `Types`.
    Named(usize),
    OneOf(Vec<Type>),
}

/// One field of an object type.
#[derive(Debug, Clone)]
pub struct Field {
    pub name: Arc<str>,
    pub ty: Type,
    pub required: bool,
}

/// A named type: a closed object, or another name for a type.
#[derive(Debug, Clone)]
pub enum Named {
    Object {
        fields: Vec<Field>,
        /// The type of unlisted fields; none if there may be no others.
        rest: Option<Type>,
    },
    Alias(Type),
}

/// The named types of one service.
#[derive(Debug, Default)]
pub struct Types {
    names: Vec<Box<str>>,
    entries: Vec<Named>,
}

/// A type with the names of its service, for messages.
pub struct TypeText<'a>(pub &'a Type, pub &'a Types);

impl Types {
    /// Reads the type lines of a facts file. Names may refer forward.
    pub(crate) fn read(lines: &[TypeLine]) -> Result<(Self, HashMap<String, usize>), FactsError> {
        let mut index = HashMap::with_capacity(lines.len());
        for (position, line) in lines.iter().enumerate() {
            if index.insert(line.name.clone(), position).is_some() {
                return Err(FactsError::new(format!("the type `{}` stands twice", line.name)));
            }
        }
        let mut types = Self::default();
        for line in lines {
            types.names.push(line.name.as_str().into());
            types.entries.push(read_entry(line, &index)?);
        }
        for at in 0..types.entries.len() {
            if types.leads_back(at)
                && let Some(entry) = types.entries.get_mut(at)
            {
                *entry = Named::Alias(Type::Any);
            }
        }
        Ok((types, index))
    }

    /// Whether a name refers to itself without an object between. Following it would never end, so it counts as any
    /// value.
    fn leads_back(&self, start: usize) -> bool {
        let mut seen = HashSet::new();
        let mut pending: Vec<&Type> = match self.entry(start) {
            Some(Named::Alias(ty)) => vec![ty],
            _ => return false,
        };
        while let Some(ty) = pending.pop() {
            match ty {
                Type::Named(at) if *at == start => return true,
                Type::Named(at) => match self.entry(*at) {
                    Some(Named::Alias(ty)) if seen.insert(*at) => pending.push(ty),
                    _ => {}
                },
                Type::List(inner) | Type::Map(inner) => pending.push(inner),
                Type::OneOf(options) => pending.extend(options),
                _ => {}
            }
        }
        false
    }

    pub fn entry(&self, index: usize) -> Option<&Named> {
        self.entries.get(index)
    }

    /// Follows names to their types. An object stays a name.
    pub fn resolve<'a>(&'a self, ty: &'a Type) -> &'a Type {
        let mut ty = ty;
        // Bounded, so that two names that refer to each other cannot hang a request.
        for _ in 0..16 {
            match ty {
                Type::Named(index) => match self.entry(*index) {
                    Some(Named::Alias(other)) => ty = other,
                    _ => return ty,
                },
                _ => return ty,
            }
        }
        ty
    }

    /// Whether some alternative of the type is `wanted`, looking through names.
    pub fn admits(&self, ty: &Type, wanted: &dyn Fn(&Type) -> bool) -> bool {
        match self.resolve(ty) {
            Type::OneOf(options) => options.iter().any(|option| self.admits(option, wanted)),
            other => wanted(other),
        }
    }
}

fn read_entry(line: &TypeLine, index: &HashMap<String, usize>) -> Result<Named, FactsError> {
    if let Some(is) = &line.is {
        return Ok(Named::Alias(parse(is, index)?));
    }
    let fields = line
        .fields
        .iter()
        .map(|(name, ty)| {
            let (name, required) = name.strip_suffix('!').map_or((name.as_str(), false), |name| (name, true));
            Ok(Field { name: name.into(), ty: parse(ty, index)?, required })
        })
        .collect::<Result<_, FactsError>>()?;
    let rest = line.rest.as_deref().map(|ty| parse(ty, index)).transpose()?;
    Ok(Named::Object { fields, rest })
}

/// Parses a type expression.
pub(crate) fn parse(text: &str, index: &HashMap<String, usize>) -> Result<Type, FactsError> {
    let bad = || {
        FactsError::new(format!(
            "`{text}` is not a type: expected string, int, number, bool, null, any, 'value', []T, {{}}T, #Name or A|B"
        ))
    };
    let mut options = Vec::new();
    let mut rest = text;
    loop {
        let end = alternative_end(rest).ok_or_else(bad)?;
        let (head, tail) = rest.split_at(end);
        options.push(parse_one(head, index).ok_or_else(bad)?);
        match tail.strip_prefix('|') {
            Some(tail) => rest = tail,
            None if tail.is_empty() => break,
            None => return Err(bad()),
        }
    }
    match (options.pop(), options.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            options.push(last);
            Ok(Type::OneOf(options))
        }
        (None, _) => Err(bad()),
    }
}

/// The end of the first alternative: a `|` outside quotes and parentheses, or the end.
fn alternative_end(text: &str) -> Option<usize> {
    let mut quoted = false;
    let mut depth = 0_usize;
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            b'\'' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => depth = depth.checked_sub(1)?,
            b'|' if !quoted && depth == 0 => return Some(position),
            _ => {}
        }
    }
    (!quoted && depth == 0).then_some(text.len())
}

fn parse_one(text: &str, index: &HashMap<String, usize>) -> Option<Type> {
    Some(match text {
        "any" => Type::Any,
        "null" => Type::Null,
        "string" => Type::String,
        "int" => Type::Int,
        "number" => Type::Number,
        "bool" => Type::Bool,
        _ => {
            if let Some(item) = text.strip_prefix("[]") {
                Type::List(Box::new(parse_one(item, index)?))
            } else if let Some(value) = text.strip_prefix("{}") {
                Type::Map(Box::new(parse_one(value, index)?))
            } else if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
                parse(inner, index).ok()?
            } else if let Some(name) = text.strip_prefix('#') {
                Type::Named(*index.get(name)?)
            } else {
                let quoted = text.strip_prefix('\'')?.strip_suffix('\'')?;
                let value = percent_encoding::percent_decode_str(quoted).decode_utf8().ok()?;
                Type::Literal(value.as_ref().into())
            }
        }
    })
}

/// Quotes one allowed value for a facts file.
pub(crate) fn quote(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('\'');
    for c in value.chars() {
        if c.is_control() || matches!(c, '\'' | '%') {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                text.push_str(&format!("%{byte:02X}"));
            }
        } else {
            text.push(c);
        }
    }
    text.push('\'');
    text
}

impl fmt::Display for TypeText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = self.1;
        match self.0 {
            Type::Any => f.write_str("any value"),
            Type::Null => f.write_str("null"),
            Type::String => f.write_str("a string"),
            Type::Int => f.write_str("an integer"),
            Type::Number => f.write_str("a number"),
            Type::Bool => f.write_str("true or false"),
            Type::Literal(value) => write!(f, "`{value}`"),
            Type::List(item) => write!(f, "a list, each {}", TypeText(item, types)),
            Type::Map(value) => write!(f, "an object, each value {}", TypeText(value, types)),
            Type::Named(index) => match types.entry(*index) {
                Some(Named::Alias(other)) => write!(f, "{}", TypeText(other, types)),
                _ => f.write_str("an object"),
            },
            Type::OneOf(options) => {
                for (position, option) in options.iter().enumerate() {
                    match position {
                        0 => {}
                        _ if position + 1 == options.len() => f.write_str(" or ")?,
                        _ => f.write_str(", ")?,
                    }
                    write!(f, "{}", TypeText(option, types))?;
                }
                Ok(())
            }
        }
    }
}
