//! The root keys: public halves in plain, private seeds sealed.

use time::OffsetDateTime;

use super::Line;
use crate::store::stored::Stored;
use crate::vault::Sealed;

#[derive(Clone)]
pub(crate) struct RootKeyRow {
    pub id: u32,
    pub public: [u8; 32],
    /// Bound to `root_key`, the id, `seed`, generation 0. None once it is retired.
    pub seed: Option<Sealed>,
    pub created: OffsetDateTime,
    pub is_retired: bool,
}

pub(crate) trait RootKeyStore {
    /// Stores a key that mints from now on. Fails if the id is taken.
    fn root_created(&self, key: RootKeyRow, event: Line) -> Stored<'_, ()>;
    /// Retires a key. Its passes are refused from now on, and its seed is forgotten.
    fn root_retired(&self, id: u32, event: Line) -> Stored<'_, ()>;
    /// Returns the keys, in the order of their ids.
    fn root_keys(&self) -> Stored<'_, Vec<RootKeyRow>>;
    /// Returns the value that shows whether the vault key is the right one. The first time, stores `first`.
    fn vault_check(&self, first: Sealed) -> Stored<'_, Sealed>;
}
