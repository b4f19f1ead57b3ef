//! The Datalog engine: caveats as they are evaluated, the evaluation, and the printed form.
//!
//! It knows no request and no service. In the tests biscuit-auth is its oracle.

pub(crate) mod actual;
pub(crate) mod admission;
pub(crate) mod caveat;
pub(crate) mod compile;
pub(crate) mod doubt;
pub(crate) mod evaluate;
pub(crate) mod open;
pub(crate) mod ordered;
pub(crate) mod print;
pub(crate) mod words;
