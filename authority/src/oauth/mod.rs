//! OAuth as a client: connecting an account, refreshing its tokens, taking the grant back.
//!
//! The protocol is the oauth2 crate's; the HTTP under it is ours (`http`), so that it follows no redirect
//! and every call has a deadline. Where tokens are kept, and who may have them, is not known here.

mod attempt;
mod exchange;
mod http;
mod live;
mod provider;
mod refresh;
mod slack;
mod userinfo;

pub(crate) use attempt::{
    Attempt, Attempts, CodeFlow, Connecting, DeviceFlow, DevicePolling, Flow, TakenCode,
};
pub(crate) use exchange::{
    DeviceAnswer, Tokens, authorize, begin_device, exchange_code, poll_device, refresh, revoke,
};
pub(crate) use http::{HttpClient, TokenFailure};
pub(crate) use live::{Facts, Health, Known, Live};
pub(crate) use provider::{Client, Provider};
pub(crate) use refresh::{Refresher, open_credential, seal_credential};
pub(crate) use userinfo::account;
