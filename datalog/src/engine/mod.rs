//! The Datalog engine: caveats as they are evaluated, the evaluation, and the printed form.
//!
//! It knows no request and no service. In the tests biscuit-auth is its oracle.

pub mod actual;
pub mod admission;
pub mod caveat;
pub mod compile;
pub(crate) mod doubt;
pub mod evaluate;
pub mod open;
pub mod ordered;
pub mod print;
pub mod words;
