//! How far each sink has told people what is in the log.

use super::Stored;

pub trait NoticeStore {
    fn told(&self, sink: &'static str) -> Stored<'_, Option<u64>>;
    fn has_told(&self, sink: &'static str, seq: u64) -> Stored<'_, ()>;
}
