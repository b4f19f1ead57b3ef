//! The gateway: an agent's request comes in, one pipeline judges it, and the service's answer goes out.
//!
//! # Laws
//!
//! 1. **One pipeline.** `Worker::prepare` and `Worker::go` in `pipeline` are the life of a request, in order: admit,
//!    verify, classify, look, decide, ask, reserve, lease, forward, answer, record. They are the same for every
//!    surface.
//! 2. **A step can only stop a request.** Before `forward`, no step repairs anything. What is ambiguous is refused.
//! 3. **The gateway sends what it judged.** It builds the upstream request from the canonical one, never from the
//!    agent's bytes.
//! 4. **The record comes first.** Budgets, the approval and the intent are durable before the request leaves. Without a
//!    record nothing leaves.
//! 5. **A stop returns when it holds.** Nothing that a stop or a revocation ends is on its way after it has returned.
//! 6. **The credential stays here for one request.** The gateway puts it into one header, and masks it in every answer.
//! 7. **A refusal is not a fault.** `refusal::explanation` alone chooses status codes. If something may have been
//!    carried out, it is never called retryable.
//!
//! It holds no root key, no vault and no database driver. It knows an authority only by the traits in [`ports`].
//!
//! - Invariant: The gateway is built without the vault, a database driver or the authority
//!   (`the_gateway_is_built_from_no_vault_database_or_authority`).

mod answer;
mod authority;
mod caller;
mod clock;
mod config;
mod entrance;
mod facts;
mod filter;
mod gateway;
mod half_open;
mod heads;
pub mod in_flight;
mod memory;
mod meter;
mod pipeline;
pub mod ports;
pub mod readers;
mod record;
mod refusal;
mod server;
mod steps;
mod surface;
mod tasks;
mod upstream;
mod would;

pub use clock::{Clock, SystemClock};
pub use config::{GatewayConfig, Limits, McpConfig, ToolsShown};
pub use entrance::Scope;
pub use gateway::Gateway;
pub use refusal::decisions;
pub use server::listen::{Door, ServeError, Serving};
pub use surface::direct;
