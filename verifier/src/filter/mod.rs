//! Bytes in, bytes out: filters headers, and masks, rewrites and unpacks answers.
//!
//! Nothing here knows a pass or a request.

pub(crate) mod headers;
pub(crate) mod inflate;
pub(crate) mod rewrite;
pub(crate) mod scrub;
pub(crate) mod spelled;
pub(crate) mod withhold;
