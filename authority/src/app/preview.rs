//! What a pass would say and allow, before it is minted. Nothing is stored. A throw-away key signs the pass that is
//! built here, so it opens nothing.

use std::sync::Arc;

use datalog::can::{self, Row};
use datalog::inspect::{self, Inspection};
use datalog::{Message, MintArgs, MintTerms, PassId, RootKeyPair};

use crate::app::{App, AppError};
use crate::vault::random;

/// A pass that could be minted.
#[derive(Debug, Clone)]
pub struct Preview {
    pub says: Inspection,
    /// Every operation of its connections, with the best answer that it could get.
    pub table: Vec<Row>,
    pub warnings: Vec<Message>,
}

impl App {
    pub fn preview(&self, args: &MintArgs) -> Result<Preview, AppError> {
        self.can_be_asked(args)?;
        let known = self.known_connections();
        let terms = MintTerms::parse(args, &known, self.clock.now()).map_err(AppError::invalid)?;
        let key = RootKeyPair::from_seed(0, *random::<32>().map_err(AppError::Random)?);
        let id = PassId::from_random(*random::<16>().map_err(AppError::Random)?);
        let minted = terms.mint(&id, &key).map_err(AppError::invalid)?;
        let services: Vec<Arc<_>> = self.catalog().services().cloned().collect();
        Ok(Preview {
            warnings: self.warnings(&minted),
            says: inspect::describe(&minted.content),
            table: can::table(&minted.content, &services),
        })
    }
}
