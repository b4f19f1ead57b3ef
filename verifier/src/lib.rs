//! The verifier gateway: an agent's request in, one pipeline, the upstream's answer out.
//!
//! It holds no root private key, no vault and no database driver, and knows an authority only through the
//! traits in `ports`.

pub mod ports;
