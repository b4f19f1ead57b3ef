//! A pass that a command mints from a template of the person's own home, for an agent that asks through it.
//!
//! A project's file may name a template. It can never say flags, so it cannot widen anything.

use datalog::RevocationId;

use super::client::Client;
use super::failure::Failure;
use crate::app::{ConnectionInfo, MintArgs, Minted, RevokeArgs, RevokeReport};
use crate::cli::context::Context;
use crate::stopped::{AllStops, Stop, StopTarget};
use crate::templates;

/// A minted pass, and the gateway that takes it.
pub(super) struct TemplatePass {
    pub minted: Minted,
    /// `http://HOST:PORT`
    pub gateway: String,
}

/// Returns the flags of the template as it stands.
pub(super) fn asked(context: &Context, template: &str) -> Result<MintArgs, Failure> {
    templates::find(&context.home()?, template)
        .and_then(|found| found.with(MintArgs::default()))
        .map_err(Failure::usage)
}

/// Mints a pass from the template as it stands.
pub(super) async fn mint(context: &Context, template: &str) -> Result<TemplatePass, Failure> {
    let client = Client::needed(context, "no gateway would answer").await?;
    let asked = asked(context, template)?;
    let minted: Minted = client.post::<MintArgs, Minted>("/v1/passes", &asked).await?;
    match gateway(&client, &minted).await {
        Ok(gateway) => Ok(TemplatePass { gateway, minted }),
        Err(failure) => {
            revoke(context, minted.info.id.as_str(), "it could not be used").await?;
            Err(failure)
        }
    }
}

async fn gateway(client: &Client, minted: &Minted) -> Result<String, Failure> {
    let known: Vec<ConnectionInfo> = client.read("/v1/connections").await?;
    let own = known.iter().find(|one| minted.info.connections.contains(&one.name));
    let gateway = own.and_then(|one| one.base_url.strip_suffix(&format!("/{}", one.name)));
    gateway
        .map(str::to_owned)
        .ok_or_else(|| Failure::failed("the authority did not say where the gateway is"))
}

/// Checks that nobody stopped the pass. A stop outlasts its pass: another pass must not take its place.
pub(super) async fn is_not_stopped(context: &Context, id: &str) -> Result<(), Failure> {
    let stops: AllStops = Client::needed(context, "no gateway would answer").await?.read("/v1/stops").await?;
    let is_of_it = |stop: &&Stop| matches!(&stop.target, StopTarget::Pass(of) if of.as_str() == id);
    match stops.stops.iter().find(is_of_it) {
        None => Ok(()),
        Some(_) => Err(Failure::refused(format!("the pass {id} was stopped"))
            .or_hint(format!("`hallpass resume --pass {id}` resumes it"))),
    }
}

/// Revokes the pass. It may have ended already.
pub(super) async fn revoke(context: &Context, id: &str, because: &str) -> Result<(), Failure> {
    let client = Client::open(context).await?;
    let id: RevocationId = id.parse().map_err(Failure::failed)?;
    let args = RevokeArgs { ids: vec![id], because: Some(because.into()), even_unknown: false };
    client.post::<RevokeArgs, RevokeReport>("/v1/revocations", &args).await.map(|_| ())
}
