//! The things that a request touches: those with ids, and the others.

use crate::request::argument::{Argument, Scalar};
use crate::request::canonical::{Resource, Unnamed};

/// The things that a request touches, as far as it says.
#[derive(Debug, Default)]
pub(crate) struct Things {
    pub(crate) resources: Vec<Resource>,
    pub(crate) unnamed: Vec<Unnamed>,
}

impl Things {
    pub(crate) fn name(&mut self, kind: &str, id: String) {
        self.resources.push(Resource { kind: kind.into(), id });
    }

    pub(crate) fn refer(&mut self, kind: &str, name: &str) {
        self.unnamed.push(Unnamed { kind: kind.into(), name: name.to_owned() });
    }
}

pub(crate) fn id_text(argument: &Argument) -> Option<String> {
    match &argument.value {
        Scalar::String(text) => Some(text.clone()),
        Scalar::Int(number) => Some(number.to_string()),
        Scalar::Bool(_) | Scalar::Other(_) => None,
    }
}
