//! What conditions on answers mean, by the catalog: the places that a redaction covers, and the time that judges an
//! item. It is for a person who mints or narrows a pass. The gateway does not use it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::places::{Places, places};
use crate::catalog::{Service, Writing};
use crate::decision::response::writing_on;
use crate::pass::asks::TIME;
use crate::pass::content::{Connected, Content};

/// At most this many places appear in a sentence.
const TOLD: usize = 8;

/// A redacted field, and its places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    pub connection: String,
    pub field: String,
    /// Dotted names; a whole answer by its operation. Empty if the service's answers are not described: then the
    /// field is hidden wherever its names appear in this order.
    pub covers: Vec<String>,
}

impl std::fmt::Display for Covered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { connection, field, covers } = self;
        if covers.is_empty() {
            return write!(
                f,
                "hides on `{connection}`: `{field}` wherever an answer has these names in this order"
            );
        }
        let places: Vec<String> = covers
            .iter()
            .take(TOLD)
            .map(|place| if place.contains('`') { place.clone() } else { format!("`{place}`") })
            .collect();
        write!(f, "hides on `{connection}` for `{field}`: {}", places.join(", "))?;
        match covers.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => write!(f, ", and {more} more places"),
        }
    }
}

/// The places of every field that a pass redacts.
pub fn covered(content: &Content, services: &[Arc<Service>]) -> Vec<Covered> {
    let of = |connection: &Connected, field: &str| {
        let service = services.iter().find(|one| one.name == connection.service)?;
        let covers = match places(service, field) {
            Places::At(all) => all,
            Places::Untold => Vec::new(),
            Places::Nowhere(_) => return None,
        };
        Some(Covered { connection: connection.name.to_string(), field: field.to_owned(), covers })
    };
    let mut all: Vec<Covered> = Vec::new();
    for redaction in &content.redactions {
        let own = content.connections.iter().find(|one| one.name == redaction.connection);
        let Some(covered) = own.and_then(|connection| of(connection, &redaction.field)) else { continue };
        if !all.contains(&covered) {
            all.push(covered);
        }
    }
    all
}

/// Connections on which an item counts as being as old as its creation, because the pass could change the other
/// times. One sentence for each.
pub fn dated(content: &Content, services: &[Arc<Service>]) -> Vec<String> {
    let caveats =
        || content.blocks.iter().flat_map(|block| &block.caveats).filter(|one| one.reads() & TIME != 0);
    let asks = |connection: &Connected| {
        caveats().any(|caveat| {
            let text = caveat.to_string();
            !text.contains("connection(") || text.contains(&format!("\"{}\"", connection.name))
        })
    };
    let moves = |service: &Service| {
        let rules = service.operations.iter().filter_map(|operation| operation.answer.as_deref());
        rules.filter_map(|rule| rule.time.as_ref()).any(|dated| !dated.lasting)
    };
    let told = content.connections.iter().filter(|connection| {
        let service = services.iter().find(|one| one.name == connection.service);
        service.is_some_and(|service| {
            let all = service.operations.first().map(|operation| &operation.all);
            moves(service)
                && all.is_some_and(|all| writing_on(content, &connection.name, all) == Writing::Possible)
        }) && asks(connection)
    });
    told.map(|connection| {
        format!(
            "answers on `{}`: an item counts from its creation, because the pass may change it; an item without that \
             time is not shown",
            connection.name
        )
    })
    .collect()
}
