//! The verifier gateway: an agent's request in, one pipeline, the upstream's answer out.
//!
//! It holds no root private key, no vault and no database driver, and knows an authority only through the
//! traits in `ports`. Start reading at `pipeline`: `Worker::steps` is a request's whole life.

mod admit;
mod allowance;
mod answer;
mod ask;
mod body;
mod classify;
pub mod clock;
pub mod config;
mod credential;
pub mod departures;
mod dial;
mod dialect;
mod discovery;
mod entrance;
mod facts;
mod forward;
mod framing;
mod gateway;
mod headers;
mod heads;
mod intake;
mod look;
mod meter;
mod outgoing;
mod pages;
mod patience;
mod pipeline;
pub mod ports;
mod provenance;
mod record;
mod refusal;
mod reserve;
mod review;
mod rewrite;
mod rooms;
mod scrub;
mod server;
mod service;
mod tasks;
mod upstream;
mod withhold;

pub use clock::{Clock, SystemClock};
pub use config::{GatewayConfig, Limits};
pub use entrance::Scope;
pub use gateway::Gateway;
pub use server::{Door, ServeError, Serving};
