//! A limit on the memory of a description, counted while it is read, before the memory is used.
//!
//! A text of two bytes becomes a value of dozens, and an alias copies its whole target. Each value counts with its
//! text, and again for each copy. Nothing is measured here: the weights are an upper bound.

/// Far more than any known description: GitHub's weighs a third of this.
pub(crate) const MOST: usize = 256 * 1024 * 1024;
/// The weight of a value, a key, and their places in a list or an object, without their text.
const VALUE: usize = 64;

/// The weight that is left.
#[derive(Debug)]
pub(crate) struct Room(usize);

/// The description weighs more than `MOST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it would take more than {} MiB of memory", MOST / 1024 / 1024)]
pub(crate) struct TooLarge;

impl Default for Room {
    fn default() -> Self {
        Self(MOST)
    }
}

impl Room {
    /// Takes the weight of one value or key with this much text, and returns it.
    pub(crate) fn value(&mut self, text: usize) -> Result<usize, TooLarge> {
        let weight = VALUE.saturating_add(text);
        self.take(weight)?;
        Ok(weight)
    }

    /// Takes the weight of a copy.
    pub(crate) fn take(&mut self, weight: usize) -> Result<(), TooLarge> {
        self.0 = self.0.checked_sub(weight).ok_or(TooLarge)?;
        Ok(())
    }

    /// The weight so far.
    pub(crate) fn taken(&self) -> usize {
        MOST - self.0
    }
}
