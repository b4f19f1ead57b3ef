//! A raw request, before anything is known about it.

use crate::catalog::method::Method;

/// A request as it came in, after the pass was taken out and framing was checked.
#[derive(Debug, Clone, Copy)]
pub struct RawRequest<'a> {
    /// As sent; only the exact spelling of a method counts.
    pub method: &'a str,
    /// The value of `X-HTTP-Method-Override`, if there is one.
    pub method_override: Option<&'a str>,
    /// The service's host that the agent meant, if the surface shows one. A base URL shows none.
    pub host: Option<&'a str>,
    /// Escaped as received, the connection's prefix taken off; starts with `/`.
    pub path: &'a str,
    pub query: Option<&'a str>,
    /// Lower-case names. `headers` decides what happens to each.
    pub headers: &'a [(&'a str, &'a str)],
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
}

impl<'a> RawRequest<'a> {
    /// A request with only a method and a path.
    pub fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method,
            method_override: None,
            host: None,
            path,
            query: None,
            headers: &[],
            content_type: None,
            body: &[],
        }
    }
}

/// The effective method, query and body, after an override.
pub(crate) struct Effective<'a> {
    pub(crate) method: Method,
    pub(crate) query: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: &'a [u8],
}
