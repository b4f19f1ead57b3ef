//! The fields of answers that a pass hides.

use crate::pass::block::{Block, ReadError};
use crate::words::names::ConnectionName;

/// A field that answers on a connection hide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    pub connection: ConnectionName,
    /// As it was written.
    pub field: String,
    /// The number of the block that states it.
    pub block: usize,
}

/// What the blocks of a pass redact.
pub(crate) fn redactions(blocks: &[Block]) -> Result<Vec<Redaction>, ReadError> {
    let stated = blocks.iter().enumerate().flat_map(|(number, block)| {
        block.facts.iter().filter(|fact| &*fact.name == "redact").map(move |fact| (number, fact))
    });
    stated
        .map(|(block, fact)| {
            let text = |place| fact.str(place).unwrap_or_default();
            let connection =
                text(0).parse().map_err(|error: crate::NameError| ReadError::Name(error.to_string()))?;
            let field = text(1).to_owned();
            // An empty name would mean every place, or none.
            if field.split('.').any(str::is_empty) {
                return Err(ReadError::Name(format!("`{field}` is no field that could be redacted")));
            }
            Ok(Redaction { connection, field, block })
        })
        .collect()
}
