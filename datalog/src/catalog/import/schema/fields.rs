//! The fields of an object while its schema is read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The fields of an object, gathered from every place that may define them.
#[derive(Default)]
pub(crate) struct Fields<'a> {
    pub(crate) properties: BTreeMap<String, &'a Value>,
    pub(crate) required: BTreeSet<&'a str>,
    pub(crate) rest: Option<&'a Value>,
}
