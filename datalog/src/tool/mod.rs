//! A pass as tools: what an agent may do, typed, with the limits of its pass in the schema and in words.
//!
//! A tool is one operation on one connection. Its name and its schema decide nothing: a call becomes the raw request
//! that an SDK would have sent (`spell`), and that request is classified and decided like any other.
//!
//! - Invariant: A schema is never narrower than the pass
//!   (`a_request_that_the_pass_allows_fits_the_schema_of_its_tool`).
//! - Invariant: A call is the request that its tool stands for, or an error
//!   (`a_call_is_classified_as_the_operation_of_its_tool`).

pub(crate) mod arguments;
pub(crate) mod letter;
pub(crate) mod list;
pub(crate) mod name;
pub(crate) mod schema;
pub(crate) mod spell;
pub(crate) mod told;
