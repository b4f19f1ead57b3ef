//! Where notices go.

use std::future::Future;
use std::pin::Pin;

use crate::app::notice::Notice;

pub(crate) type Delivery<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Where notices go.
pub(crate) trait Sink: Send + Sync {
    /// Returns the key under which the sink's position in the log is stored.
    fn name(&self) -> &'static str;
    fn deliver<'a>(&'a self, notice: &'a Notice) -> Delivery<'a>;
}
