//! An answer of an authority that is waited for.

use std::future::Future;
use std::pin::Pin;

pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
