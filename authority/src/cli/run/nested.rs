//! A run inside a run: its pass is narrowed from the outer run's pass, and ends with it.
//!
//! So a sub-agent never holds more than its parent, and a revocation of the parent ends it. The authority is not asked:
//! the pass is narrowed here, offline, and given up at the gateway when the command ends.

use std::collections::BTreeMap;

use datalog::AttenuateError;
use datalog::attenuate;
use datalog::attenuate::AttenuateArgs;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret as _, SecretString};

use super::variables::{GatewayAndPass, url_variable};
use crate::app::MintArgs;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::pass_name::not_a_pass;
use crate::config::Environment;
use crate::oauth::HttpClient;

/// The outer run's pass and gateway.
pub(super) struct Outer {
    pass: SecretString,
    gateway: String,
}

impl Outer {
    /// Reads the outer run from the environment. None if no run started this command: a person may have set a pass
    /// alone.
    pub(super) fn of(environment: &Environment) -> Option<Self> {
        Some(Self { pass: environment.pass.clone()?, gateway: environment.gateway.clone()? })
    }

    /// Returns the pass for the inner command, and the gateway for it.
    pub(super) fn narrowed(&self, asked: MintArgs, context: &Context) -> Result<GatewayAndPass, Failure> {
        let text = self.pass.expose_secret();
        let read = datalog::inspect(text).map_err(|error| not_a_pass(&error))?;
        let catalog = crate::catalog::load(&context.home()?).map_err(Failure::failed)?;
        let services: Vec<_> = catalog.services().cloned().collect();
        let child = match attenuate(text, &narrowing(asked)?, &services, context.clock.now()) {
            Ok(child) => child.text,
            Err(AttenuateError::Nothing) => {
                return Err(Failure::usage("this already runs under a pass, and no flag narrows it")
                    .or_hint("say what the command may do: `--allow gmail:read`, `--for 5m`"));
            }
            Err(AttenuateError::Read(error)) => return Err(not_a_pass(&error)),
            Err(error) => return Err(Failure::usage(error)),
        };
        let urls = &context.environment.base_urls;
        let base_urls: BTreeMap<String, String> = read
            .connections
            .iter()
            .filter_map(|one| {
                Some((one.name.to_string(), urls.get(&url_variable(one.name.as_str()))?.clone()))
            })
            .collect();
        Ok(GatewayAndPass { pass: SecretString::from(child), gateway: self.gateway.clone(), base_urls })
    }
}

/// Ends the inner pass and keeps the outer one. A holder can give up its pass at the gateway.
pub(super) async fn give_up(reach: &GatewayAndPass) -> Result<(), Failure> {
    let request = http::Request::delete(format!("{}/pass", reach.gateway))
        .header(AUTHORIZATION, format!("Bearer {}", reach.pass.expose_secret()))
        .body(Vec::new())
        .map_err(|error| Failure::failed(error.to_string()))?;
    let answer = HttpClient::new().map_err(Failure::failed)?.send(request).await.map_err(Failure::failed)?;
    match answer.status().is_success() {
        true => Ok(()),
        false => Err(Failure::failed(format!("the gateway answered {}", answer.status()))),
    }
}

/// Reads the flags for a new pass as limits on an existing one.
fn narrowing(asked: MintArgs) -> Result<AttenuateArgs, Failure> {
    let MintArgs { allow, ask, deny, approvers, approve_by, connections, narrow, .. } = asked;
    if approvers.is_some() || !approve_by.is_empty() || !connections.is_empty() {
        return Err(Failure::usage(
            "this already runs under a pass, which sets the approvers and the connections",
        )
        .or_hint("leave out --approvers, --approve-by and --connection"));
    }
    let only = if allow.is_empty() && ask.is_empty() { Vec::new() } else { [allow, ask.clone()].concat() };
    Ok(AttenuateArgs { only, ask, deny, narrow })
}
