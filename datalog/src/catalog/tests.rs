//! Claims about the embedded catalog as a whole, and shared helpers of the catalog's tests.

mod audit;
mod bodies;
mod brackets;
mod classify;
mod descriptions;
mod foreign;
mod forms;
mod paths;
mod properties;
mod refusals;
mod walk;

use std::sync::OnceLock;

use super::*;

pub(super) fn embedded() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| Catalog::embedded().unwrap())
}

pub(super) fn service(name: &str) -> &'static Service {
    embedded().service(&name.parse().unwrap()).unwrap()
}

#[test]
fn every_operation_of_every_service_is_there() {
    let counts = embedded().services().map(|service| (service.name.as_str(), service.operations.len()));
    let expected =
        [("github", 1223), ("gmail", 79), ("google-calendar", 38), ("google-drive", 64), ("slack", 145)];
    assert_eq!(counts.collect::<Vec<_>>(), expected);
}
