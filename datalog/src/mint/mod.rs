//! Makes a pass, narrows one, and describes what one allows.
//!
//! It keeps no key and no pass.

pub(crate) mod advice;
pub mod attenuate;
pub mod can;
pub mod inspect;
pub(crate) mod minting;
pub(crate) mod possible;
pub mod says;
pub(crate) mod since;
