//! How much of the log each sink has told people.

use crate::store::stored::Stored;

pub(crate) trait NoticeStore {
    fn told(&self, sink: &'static str) -> Stored<'_, Option<u64>>;
    fn has_told(&self, sink: &'static str, seq: u64) -> Stored<'_, ()>;
}
