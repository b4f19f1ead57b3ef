//! Claims about the embedded catalog as a whole, and shared helpers of the catalog's tests.

mod audit;
mod classify;
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
fn every_operation_of_both_services_is_there() {
    assert_eq!(service("gmail").operations.len(), 79);
    assert_eq!(service("github").operations.len(), 1223);
}
