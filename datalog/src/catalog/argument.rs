//! The arguments that an operation can have, by name: for flags that limit them, and for messages.
//!
//! They come from the same facts that check a request. Nothing here reads a request.

use std::collections::BTreeSet;

use crate::catalog::operation::Operation;
use crate::catalog::service::Service;
use crate::catalog::types::{Field, Named, Type};

/// The type of one argument value, as in facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArgumentType {
    String,
    Integer,
    Boolean,
    /// Null, a fraction, an empty list, a free-form part: no caveat can compare these.
    Other,
}

impl ArgumentType {
    /// Its name in the fact `arg_type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Other => "other",
        }
    }
}

impl Service {
    /// The types that the argument of this name can have in an operation; none if there is no such argument.
    pub fn argument(&self, operation: &Operation, name: &str) -> BTreeSet<ArgumentType> {
        let mut found = BTreeSet::new();
        let path = operation.template.parameters.iter().filter(|one| *one.name == *name).map(|one| &one.ty);
        let query = operation.query.iter().chain(&self.common_query);
        let query = query.filter(|one| *one.name == *name).map(|one| &one.ty);
        path.chain(query).for_each(|ty| self.collect(ty, &mut found));
        for parameter in operation.form().iter().filter(|one| *one.name == *name) {
            match self.types.resolve(&parameter.ty) {
                Type::Any => _ = found.insert(ArgumentType::Other),
                ty => self.collect(ty, &mut found),
            }
        }
        if let Some((first, rest)) = name.split_once('.') {
            let bracketed = operation.query.iter().chain(operation.form());
            let bracketed = bracketed.filter(|one| one.brackets && *one.name == *first);
            bracketed.for_each(|one| self.descend(&one.ty, rest, &mut found));
        }
        if let Some(json) = operation.body.as_ref().and_then(|body| body.json.as_ref()) {
            if name == "*" {
                self.bare(json, &mut found);
            }
            self.descend(json, name, &mut found);
        }
        found
    }

    /// The names that a caveat need not mention: the path's own parameters, which every request has, and arguments
    /// with a single possible value.
    pub fn implied_arguments<'a>(&'a self, operation: &'a Operation) -> BTreeSet<&'a str> {
        let path = operation.template.parameters.iter().map(|one| &*one.name);
        let fixed = operation.query.iter().chain(operation.form()).chain(&self.common_query);
        let fixed = fixed.filter(|one| matches!(self.types.resolve(&one.ty), Type::Literal(_)));
        path.chain(fixed.map(|one| &*one.name)).collect()
    }

    /// The first names of everything that the operation takes beside its path.
    pub fn argument_names<'a>(&'a self, operation: &'a Operation) -> Vec<&'a str> {
        let own = operation.query.iter().chain(operation.form());
        let mut names: Vec<&str> = own.map(|one| &*one.name).collect();
        let json = operation.body.as_ref().and_then(|body| body.json.as_ref());
        if let Some(Type::Named(at)) = json.map(|ty| self.types.resolve(ty))
            && let Some(Named::Object { fields, .. }) = self.types.entry(*at)
        {
            names.extend(fields.iter().map(|field| &*field.name));
        }
        names
    }

    /// A body that is a value without a field around it is the argument `*`.
    fn bare(&self, ty: &Type, found: &mut BTreeSet<ArgumentType>) {
        match self.types.resolve(ty) {
            Type::OneOf(options) => options.iter().for_each(|option| self.bare(option, found)),
            Type::List(item) => {
                found.insert(ArgumentType::Other);
                self.bare(item, found);
            }
            Type::Map(_) | Type::Named(_) => {}
            scalar => self.collect(scalar, found),
        }
    }

    /// Follows a dotted path into a body type.
    fn descend(&self, ty: &Type, path: &str, found: &mut BTreeSet<ArgumentType>) {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        match self.types.resolve(ty) {
            Type::OneOf(options) => options.iter().for_each(|option| self.descend(option, path, found)),
            Type::List(item) => self.descend(item, path, found),
            // A key that is data is a value of `path.*`, and the value under it is `path.*.value`.
            Type::Map(value) => self.descend_entry(value, path, found),
            Type::Named(at) => {
                if let Some(Named::Object { fields, rest: others }) = self.types.entry(*at) {
                    if let Some(value) = others {
                        self.descend_entry(value, path, found);
                    }
                    fields
                        .iter()
                        .filter(|field: &&Field| *field.name == *first)
                        .for_each(|field| self.step(&field.ty, rest, found));
                }
            }
            _ => {}
        }
    }

    fn step(&self, ty: &Type, rest: &str, found: &mut BTreeSet<ArgumentType>) {
        if rest.is_empty() {
            self.collect(ty, found);
        } else {
            self.descend(ty, rest, found);
        }
    }

    fn descend_entry(&self, value: &Type, path: &str, found: &mut BTreeSet<ArgumentType>) {
        match path.strip_prefix("*") {
            Some("") => _ = found.insert(ArgumentType::String),
            Some(".value") => self.collect(value, found),
            Some(rest) => {
                if let Some(inner) = rest.strip_prefix(".value.") {
                    self.descend(value, inner, found);
                }
            }
            None => {}
        }
    }

    fn collect(&self, ty: &Type, found: &mut BTreeSet<ArgumentType>) {
        match self.types.resolve(ty) {
            Type::String | Type::Literal(_) => _ = found.insert(ArgumentType::String),
            Type::Int => _ = found.insert(ArgumentType::Integer),
            Type::Bool => _ = found.insert(ArgumentType::Boolean),
            Type::Number => found.extend([ArgumentType::Integer, ArgumentType::Other]),
            Type::Any => found.extend([
                ArgumentType::String,
                ArgumentType::Integer,
                ArgumentType::Boolean,
                ArgumentType::Other,
            ]),
            Type::List(item) => {
                found.insert(ArgumentType::Other);
                self.collect(item, found);
            }
            Type::OneOf(options) => options.iter().for_each(|option| self.collect(option, found)),
            Type::Null | Type::Map(_) | Type::Named(_) => _ = found.insert(ArgumentType::Other),
        }
    }
}
