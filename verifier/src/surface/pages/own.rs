//! The gateway's own pages, on the shared listener: what the gateway is, and what a pass may do.
//!
//! `/.well-known/hallpass` and Discovery documents need no pass and hold nothing about an account. `/pass` tells a pass
//! about itself.

use datalog::catalog::Service;
use datalog::{ApprovalId, ConnectionName, RawRequest, Reservation, VerifiedPass};
use http::Method;
use http::request::Parts;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::entrance::Scope;
use crate::gateway::Gateway;
use crate::ports::ApprovalState;
use crate::refusal::Fault;
use crate::refusal::unanswered::Unanswered;
use crate::surface::framing::OwnHost;
use crate::surface::pages::discovery;

/// The address where a holder asks before it tries.
const CAN: &str = "/pass/can";

/// A page of the gateway's own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Page {
    WellKnown,
    /// There is no OAuth server here: a client that looks for one must find nothing.
    NoOAuth,
    Pass,
    /// How the pass would answer a request.
    Can,
    /// The state of a question for a person.
    Approval(ApprovalId),
    /// The holder gives up its pass.
    GiveUp,
    Discovery(Value),
}

/// Returns the page that a request asks for, if it asks for one.
pub(crate) fn page_for(gateway: &Gateway, parts: &Parts, scope: &Scope, host: &OwnHost) -> Option<Page> {
    if is_the_services_own(gateway, parts, scope) {
        return None;
    }
    if parts.method == Method::DELETE && parts.uri.path() == "/pass" {
        return Some(Page::GiveUp);
    }
    if parts.method == Method::POST && parts.uri.path() == CAN {
        return Some(Page::Can);
    }
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return None;
    }
    if parts.uri.path().starts_with("/.well-known/oauth-")
        || parts.uri.path().starts_with("/.well-known/openid-configuration")
    {
        return Some(Page::NoOAuth);
    }
    if let Some(id) = parts.uri.path().strip_prefix("/approvals/").and_then(|id| id.parse().ok()) {
        return Some(Page::Approval(id));
    }
    match (parts.uri.path(), scope) {
        ("/.well-known/hallpass", _) => Some(Page::WellKnown),
        ("/pass", _) => Some(Page::Pass),
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

/// Whether this path is the service's own. On a connection's own port the service's paths come first: the gateway
/// serves only paths that the service lacks.
fn is_the_services_own(gateway: &Gateway, parts: &Parts, scope: &Scope) -> bool {
    let Scope::Connection(name) = scope else { return false };
    let own = matches!(parts.uri.path(), "/pass" | CAN | "/.well-known/hallpass");
    let connection = if own { gateway.authority.connection(name) } else { None };
    connection.is_some_and(|connection| {
        let raw = RawRequest::new(parts.method.as_str(), parts.uri.path());
        connection.service.classify(&connection.name, &connection.account, &raw).is_ok()
    })
}

/// Returns the address of a connection as the asking client can reach it.
fn base_url(gateway: &Gateway, scope: &Scope, host: &OwnHost, name: &ConnectionName) -> Option<String> {
    match scope {
        Scope::Shared => Some(format!("http://{}/{name}", host.as_str())),
        Scope::Connection(own) if own == name => Some(format!("http://{}", host.as_str())),
        Scope::Connection(_) => {
            let listen = gateway.authority.connection(name)?.listen?;
            Some(format!("http://{listen}"))
        }
    }
}

/// Returns the description of an API if some connection is to that API. It does not tell whether the connection in the
/// address exists; the API itself is public.
fn described(gateway: &Gateway, (api, version): (&str, &str), base: &str) -> Option<Page> {
    let connections = gateway.authority.connections();
    let wanted =
        |service: &Service| discovery::identity(service).is_some_and(|(name, v)| name == api && v == version);
    let connection = connections.iter().find(|connection| wanted(&connection.service))?;
    discovery::document(&connection.service, base).map(Page::Discovery)
}

/// Returns public information: how to use the gateway, and the public keys that verify and attenuate passes.
pub(crate) fn well_known(gateway: &Gateway, host: &OwnHost) -> Value {
    let keys: Vec<Value> = gateway
        .authority
        .root_keys()
        .iter()
        .map(|(id, key)| json!({"id": id, "algorithm": "ed25519", "public_key": hex::encode(key)}))
        .collect();
    json!({
        "hallpass": env!("CARGO_PKG_VERSION"),
        "modes": ["base-url", "mcp"],
        "mcp_url": format!("http://{}/mcp", host.as_str()),
        "base_url": format!("http://{}/CONNECTION", host.as_str()),
        "authorization": ["Bearer PASS", "token PASS"],
        "pass_url": format!("http://{}/pass", host.as_str()),
        "stopped": gateway.authority.is_stopped(),
        "pass_format": "biscuit-v3, base64url, optionally after `hallpass_`",
        "root_keys": keys,
    })
}

/// Returns what a pass may do and until when, on one screen.
pub(crate) async fn pass(
    gateway: &Gateway,
    pass: &VerifiedPass,
    scope: &Scope,
    host: &OwnHost,
) -> Result<Value, Unanswered> {
    let connections: Vec<Value> = pass
        .connections()
        .iter()
        .map(|connected| {
            json!({
                "name": connected.name.as_str(),
                "service": connected.service.as_str(),
                "account": connected.account.as_str(),
                "base_url": base_url(gateway, scope, host, &connected.name),
                "connected": gateway.authority.connection(&connected.name).is_some(),
                "stopped": gateway.authority.stopped_by(&[], "", Some(&connected.name)).is_some(),
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
        "can_url": format!("http://{}{CAN}", host.as_str()),
        "says": datalog::inspect::describe(pass.content()).says,
        "budgets": budgets(gateway, pass).await?,
        "waiting": waiting(gateway, pass, host).await?,
    }))
}

/// Returns the questions that wait for a person under this pass.
async fn waiting(gateway: &Gateway, pass: &VerifiedPass, host: &OwnHost) -> Result<Vec<Value>, Unanswered> {
    let Some(holder) = pass.lineage().last() else { return Ok(Vec::new()) };
    let waiting =
        gateway.in_time.answer(gateway.authority.waiting(holder)).await.map_err(|fault| {
            Fault::audit().because(format!("what waits for a person is not known: {fault}"))
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

/// Returns the state of a question, for the pass that asked; none for any other.
pub(crate) async fn approval(
    gateway: &Gateway,
    pass: &VerifiedPass,
    id: &ApprovalId,
    host: &OwnHost,
) -> Result<Option<Value>, Unanswered> {
    let Some(holder) = pass.lineage().last() else { return Ok(None) };
    let found = gateway.in_time.answer(gateway.authority.approval(id, holder)).await;
    let found =
        found.map_err(|fault| Fault::audit().because(format!("an approval is not known: {fault}")))?;
    Ok(found.map(|state| shown(&state, host)))
}

/// Revokes the last block of the pass, with everything attenuated from it. The pass that it was attenuated from stays.
pub(crate) async fn give_up(gateway: &Gateway, pass: &VerifiedPass) -> Result<Value, Unanswered> {
    let gone = gateway.in_time.answer(gateway.authority.give_up(pass.lineage())).await;
    gone.map_err(|fault| Fault::audit().because(format!("a pass was not given up durably: {fault}")))?;
    Ok(json!({"given_up": pass.lineage().last(), "task": pass.task()}))
}

async fn budgets(gateway: &Gateway, pass: &VerifiedPass) -> Result<Vec<Value>, Unanswered> {
    let now = gateway.clock.now();
    let asked: Vec<Reservation> = pass.limits().iter().map(|limit| limit.nothing(now)).collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let spent = gateway
        .in_time
        .answer(gateway.authority.used(&asked))
        .await
        .map_err(|fault| Fault::audit().because(format!("budgets are not available: {fault}")))?;
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
