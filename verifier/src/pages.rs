//! The gateway's own pages, on the listener that all connections share: what it is, and what a pass may do.
//!
//! `/.well-known/hallpass` needs no pass and holds nothing about any account. `/pass` tells a pass about itself.

use datalog::VerifiedPass;
use http::Method;
use http::request::Parts;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::framing::OwnHost;
use crate::gateway::Gateway;
use crate::refusal::{Fault, Stop};
use crate::reserve::in_time;
use crate::server::Scope;

/// A page of the gateway's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    WellKnown,
    Pass,
}

/// The page that a request is for, if it is for one.
pub(crate) fn page_for(parts: &Parts, scope: &Scope) -> Option<Page> {
    if parts.method != Method::GET || *scope != Scope::Shared {
        return None;
    }
    match parts.uri.path() {
        "/.well-known/hallpass" => Some(Page::WellKnown),
        "/pass" => Some(Page::Pass),
        _ => None,
    }
}

/// What anybody may know: how to use the gateway, and the public keys that passes are verified and attenuated with.
pub(crate) fn well_known(gateway: &Gateway, host: &OwnHost) -> Value {
    let keys: Vec<Value> = gateway
        .authority
        .root_keys()
        .iter()
        .map(|(id, key)| json!({"id": id, "algorithm": "ed25519", "public_key": hex(&key)}))
        .collect();
    json!({
        "hallpass": env!("CARGO_PKG_VERSION"),
        "modes": ["base-url"],
        "base_url": format!("http://{}/CONNECTION", host.as_str()),
        "authorization": ["Bearer PASS", "token PASS"],
        "pass_url": format!("http://{}/pass", host.as_str()),
        "pass_format": "biscuit-v3, base64url, optionally after `hallpass_`",
        "root_keys": keys,
    })
}

/// What a pass may do, and until when, in one screen.
pub(crate) async fn pass(gateway: &Gateway, pass: &VerifiedPass, host: &OwnHost) -> Result<Value, Stop> {
    let connections: Vec<Value> = pass
        .connections()
        .iter()
        .map(|connected| {
            json!({
                "name": connected.name.as_str(),
                "service": connected.service.as_str(),
                "account": connected.account.as_str(),
                "base_url": format!("http://{}/{}", host.as_str(), connected.name),
                "connected": gateway.authority.connection(&connected.name).is_some(),
            })
        })
        .collect();
    let left = pass.expires() - gateway.clock.now();
    Ok(json!({
        "pass": pass.id().as_str(),
        "task": pass.task(),
        "ends": pass.expires().format(&Rfc3339).unwrap_or_default(),
        "seconds_left": left.whole_seconds().max(0),
        "connections": connections,
        "says": datalog::inspect::describe(pass.content()).says,
        "budgets": budgets(gateway, pass).await?,
    }))
}

async fn budgets(gateway: &Gateway, pass: &VerifiedPass) -> Result<Vec<Value>, Stop> {
    let names: Vec<String> = pass.limits().iter().map(|limit| limit.budget.clone()).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let used = in_time(&gateway.config.limits, gateway.authority.used(&names)).await.map_err(|fault| {
        tracing::error!(%fault, "budgets are not available");
        Fault::audit()
    })?;
    let shown = pass.limits().iter().zip(used).map(
        |(limit, used)| json!({"of": limit.name, "max": limit.max, "left": limit.max.saturating_sub(used)}),
    );
    Ok(shown.collect())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
