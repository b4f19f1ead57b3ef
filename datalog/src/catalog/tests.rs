//! Claims about the embedded catalog as a whole, and shared helpers of the catalog's tests.

pub(crate) mod audit;
pub(crate) mod bodies;
pub(crate) mod brackets;
pub(crate) mod classify;
pub(crate) mod connections;
pub(crate) mod descriptions;
pub(crate) mod foreign;
pub(crate) mod forms;
pub(crate) mod headers;
pub(crate) mod paths;
pub(crate) mod properties;
pub(crate) mod readers;
pub(crate) mod refusals;
pub(crate) mod walk;

use std::sync::OnceLock;

use super::*;

pub(crate) fn embedded() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| Catalog::embedded().unwrap())
}

pub(crate) fn service(name: &str) -> &'static Service {
    embedded().service(&name.parse().unwrap()).unwrap()
}

#[test]
fn every_operation_of_every_service_is_there() {
    let counts = embedded().services().map(|service| (service.name.as_str(), service.operations.len()));
    let expected = [
        ("github", 1223),
        ("gmail", 79),
        ("google-calendar", 38),
        ("google-drive", 64),
        ("notion", 30),
        ("slack", 145),
    ];
    assert_eq!(counts.collect::<Vec<_>>(), expected);
}
