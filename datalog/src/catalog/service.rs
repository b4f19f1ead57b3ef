//! One service of the catalog: its hosts, its operations, its dialect.

use std::sync::Arc;

use crate::names::ServiceName;

use super::Operation;

/// An API in the catalog.
#[derive(Debug)]
pub struct Service {
    pub name: ServiceName,
    pub title: String,
    /// The upstream's own hosts, the first of which requests are sent to.
    pub hosts: Vec<String>,
    /// SHA-256 over the facts and the overlay, in hexadecimal.
    pub digest: Arc<str>,
    pub operations: Vec<Arc<Operation>>,
}
