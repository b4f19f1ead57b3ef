//! OAuth as a client: connects an account, refreshes its tokens, revokes the grant.
//!
//! The protocol (`exchange`, `answer`, `userinfo`, `revoke`) does not know where tokens are stored: one call, one
//! answer. `live` and `refresh` are the authority's half: they lend tokens and lose none. The HTTP below follows no
//! redirect, and every call has a deadline.

mod answer;
mod attempt;
mod bearer;
mod exchange;
mod failure;
mod fields;
mod generation;
mod grant;
mod http;
mod live;
mod provider;
mod refresh;
mod revoke;
mod sealed;
mod signs;
mod userinfo;

pub(crate) use answer::{DeviceCodes, Given};
pub(crate) use attempt::{
    Attempt, Attempts, CodeFlow, Connecting, DeviceFlow, DevicePolling, Flow, TakenCode,
};
pub use exchange::ProviderRevocation;
pub(crate) use exchange::{DeviceAnswer, authorize, begin_device, exchange_code, poll_device, refresh};
pub(crate) use failure::TokenFailure;
pub(crate) use generation::OpenedGeneration;
pub(crate) use http::HttpClient;
pub(crate) use live::{Facts, Live};
pub(crate) use provider::{OAuthClient, Provider};
pub(crate) use refresh::Refresher;
pub(crate) use revoke::{Reach, Tokens, revoke};
pub(crate) use sealed::{open_credential, seal_credential};
pub(crate) use userinfo::account;
