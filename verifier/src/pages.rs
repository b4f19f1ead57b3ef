//! The gateway's own pages, on the listener that all connections share: what it is, and what a pass may do.
//!
//! `/.well-known/hallpass` and Discovery documents need no pass and hold nothing about any account. `/pass` tells a
//! pass about itself.

use datalog::catalog::Service;
use datalog::{ApprovalId, ConnectionName, Reservation, VerifiedPass};
use http::Method;
use http::request::Parts;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::discovery;
use crate::entrance::Scope;
use crate::framing::OwnHost;
use crate::gateway::Gateway;
use crate::ports::ApprovalState;
use crate::refusal::{Fault, Stop};
use crate::reserve::in_time;

/// A page of the gateway's own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Page {
    WellKnown,
    Pass,
    /// What became of a question for a person.
    Approval(ApprovalId),
    /// The holder gives its pass up.
    GiveUp,
    Discovery(Value),
}

/// The page that a request is for, if it is for one.
pub(crate) fn page_for(gateway: &Gateway, parts: &Parts, scope: &Scope, host: &OwnHost) -> Option<Page> {
    if parts.method == Method::DELETE && (parts.uri.path(), scope) == ("/pass", &Scope::Shared) {
        return Some(Page::GiveUp);
    }
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return None;
    }
    if let Some(id) = parts.uri.path().strip_prefix("/approvals/").and_then(|id| id.parse().ok()) {
        return Some(Page::Approval(id));
    }
    match (parts.uri.path(), scope) {
        ("/.well-known/hallpass", Scope::Shared) => Some(Page::WellKnown),
        ("/pass", Scope::Shared) => Some(Page::Pass),
        (path, Scope::Shared) => {
            let (name, _) = path.strip_prefix('/')?.split_once('/')?;
            let rest = path.get(name.len() + 1..)?;
            let name: ConnectionName = name.parse().ok()?;
            described(gateway, discovery::asked_for(rest)?, &format!("http://{}/{name}", host.as_str()))
        }
        ("/$discovery/rest", Scope::Connection(name)) => {
            let service = gateway.authority.connection(name)?.service.clone();
            let (_, version) = discovery::identity(&service)?;
            let asked = parts.uri.query()?.strip_prefix("version=")?;
            let base = format!("http://{}", host.as_str());
            (asked == version).then(|| discovery::document(&service, &base)).flatten().map(Page::Discovery)
        }
        (path, Scope::Connection(_)) => {
            described(gateway, discovery::asked_for(path)?, &format!("http://{}", host.as_str()))
        }
    }
}

/// The description of an API, whichever connection is named beside it: whether that exists is not told without
/// a pass, and what the API is anybody may know.
fn described(gateway: &Gateway, (api, version): (&str, &str), base: &str) -> Option<Page> {
    let connections = gateway.authority.connections();
    let wanted =
        |service: &Service| discovery::identity(service).is_some_and(|(name, v)| name == api && v == version);
    let connection = connections.iter().find(|connection| wanted(&connection.service))?;
    discovery::document(&connection.service, base).map(Page::Discovery)
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
        "stopped": gateway.authority.is_stopped(),
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
        "waiting": waiting(gateway, pass, host).await?,
    }))
}

/// What waits for a person under this pass.
async fn waiting(gateway: &Gateway, pass: &VerifiedPass, host: &OwnHost) -> Result<Vec<Value>, Stop> {
    let Some(holder) = pass.lineage().last() else { return Ok(Vec::new()) };
    let waiting =
        in_time(&gateway.config.limits, gateway.authority.waiting(holder)).await.map_err(|fault| {
            tracing::error!(%fault, "what waits for a person is not known");
            Fault::audit()
        })?;
    Ok(waiting.iter().map(|state| shown(state, host)).collect())
}

fn shown(state: &ApprovalState, host: &OwnHost) -> Value {
    let when = |at: time::OffsetDateTime| at.format(&Rfc3339).unwrap_or_default();
    let mut value = json!({
        "approval": state.id,
        "operation": state.operation,
        "status": state.status,
        "asked": when(state.asked),
        "ends": when(state.expires),
        "status_url": format!("http://{}/approvals/{}", host.as_str(), state.id),
    });
    if let (Some(because), Value::Object(fields)) = (&state.because, &mut value) {
        fields.insert("because".into(), json!(because));
    }
    value
}

/// What became of a question, for the pass that asked; none for any other.
pub(crate) async fn approval(
    gateway: &Gateway,
    pass: &VerifiedPass,
    id: &ApprovalId,
    host: &OwnHost,
) -> Result<Option<Value>, Stop> {
    let Some(holder) = pass.lineage().last() else { return Ok(None) };
    let found = in_time(&gateway.config.limits, gateway.authority.approval(id, holder)).await;
    let found = found.map_err(|fault| {
        tracing::error!(%fault, "an approval is not known");
        Fault::audit()
    })?;
    Ok(found.map(|state| shown(&state, host)))
}

/// Revokes the last block of the pass, and so everything attenuated from it; not what it was attenuated from.
pub(crate) async fn give_up(gateway: &Gateway, pass: &VerifiedPass) -> Result<Value, Stop> {
    let gone = in_time(&gateway.config.limits, gateway.authority.give_up(pass.lineage())).await;
    gone.map_err(|fault| {
        tracing::error!(%fault, "a pass was not given up durably");
        Fault::audit()
    })?;
    Ok(json!({"given_up": pass.lineage().last(), "task": pass.task()}))
}

async fn budgets(gateway: &Gateway, pass: &VerifiedPass) -> Result<Vec<Value>, Stop> {
    let now = gateway.clock.now();
    let asked: Vec<Reservation> = pass.limits().iter().map(|limit| limit.nothing(now)).collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let spent = in_time(&gateway.config.limits, gateway.authority.used(&asked)).await.map_err(|fault| {
        tracing::error!(%fault, "budgets are not available");
        Fault::audit()
    })?;
    let shown = pass.limits().iter().zip(spent).map(|(limit, spent)| {
        let mut shown = json!({
            "of": limit.name,
            "counts": limit.measure.as_str(),
            "max": limit.max,
            "left": limit.max.saturating_sub(spent.used),
        });
        if let (Some(window), Some(fields)) = (limit.window, shown.as_object_mut()) {
            fields.insert("per".into(), json!(window));
            if let Some(refills) = spent.refills_at(now) {
                fields.insert("refills_at".into(), json!(refills.format(&Rfc3339).unwrap_or_default()));
            }
        }
        shown
    });
    Ok(shown.collect())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
