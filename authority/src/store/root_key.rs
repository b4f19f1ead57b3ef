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
    /// A key that mints from now on. Fails if the id is taken.
    fn root_created(&self, key: RootKeyRow, event: Line) -> Stored<'_, ()>;
    /// Its passes are refused from now on, and its seed is forgotten.
    fn root_retired(&self, id: u32, event: Line) -> Stored<'_, ()>;
    /// By id.
    fn root_keys(&self) -> Stored<'_, Vec<RootKeyRow>>;
    /// The value that shows whether the vault key is the right one. It is stored the first time.
    fn vault_check(&self, first: Sealed) -> Stored<'_, Sealed>;
}
