//! The marks by which Hallpass recognizes the services that come with the program. Before a pass is verified, nobody
//! may learn which services are connected. So the gateway looks at the marks of all built-in services.

use std::sync::LazyLock;

use crate::catalog::overlay::{ClientMarks, CredentialMarks, Dialect};
use crate::catalog::{Catalog, Service};

/// The marks of one service.
#[derive(Debug, Clone)]
pub struct Marks {
    pub dialect: Dialect,
    pub credential: CredentialMarks,
    pub clients: ClientMarks,
}

static EMBEDDED: LazyLock<Vec<Marks>> = LazyLock::new(|| {
    let catalog = Catalog::embedded();
    catalog.iter().flat_map(Catalog::services).map(|service| Marks::of(service)).collect()
});

impl Marks {
    fn of(service: &Service) -> Self {
        Self {
            dialect: service.dialect,
            credential: service.credential.clone(),
            clients: service.clients.clone(),
        }
    }
}

/// The marks of each built-in service.
pub fn marks() -> &'static [Marks] {
    &EMBEDDED
}
