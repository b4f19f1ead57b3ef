//! The same decision by biscuit-auth itself, from the same facts and the same policy text.
//!
//! It is fifty times slower and not on the request's path: it keeps the compiled evaluator honest.

use std::sync::Arc;
use std::time::Duration;

use biscuit_auth::builder::{AuthorizerBuilder, Fact as BiscuitFact, Policy as BiscuitPolicy};
use biscuit_auth::{AuthorizerLimits, error};
use time::OffsetDateTime;

use crate::decide::Context;
use crate::facts::{Stage, Subject, request_facts};
use crate::policy::POLICIES;
use crate::request::Request;
use crate::told::Told;
use crate::value::Value;
use crate::verify::VerifiedPass;

/// What biscuit-auth says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    Deny,
}

/// Decides as biscuit-auth does, given this context and nothing hypothetical.
pub fn reference(
    pass: &Arc<VerifiedPass>,
    request: &Request,
    context: &Context,
    now: OffsetDateTime,
) -> Result<Verdict, error::Token> {
    let claims = pass.claims(request, &context.observed, now).known;
    let digest = request.digest();
    let hex = digest.hex();
    let approved = (context.approved == Some(digest)).then_some(hex.as_str());
    let mut builder = AuthorizerBuilder::new()
        .set_limits(AuthorizerLimits { max_time: Duration::from_secs(5), ..AuthorizerLimits::default() });
    let (zones, kinds) = (&pass.content().zones, &pass.content().kinds);
    let told = &Told::of(request, &context.observed, pass.content().reads());
    if told.unknown(u64::MAX).is_some() {
        return Ok(Verdict::Deny);
    }
    let stage = Stage::Request;
    let subject =
        Subject { stage, request, digest: &hex, context, claims: &claims, zones, kinds, told, approved, now };
    for fact in request_facts(u64::MAX, &subject) {
        let terms: Vec<_> = fact.terms.iter().map(Value::to_term).collect();
        builder = builder.fact(BiscuitFact::new(fact.name.to_string(), terms))?;
    }
    for (_, text) in POLICIES {
        builder = builder.policy(BiscuitPolicy::try_from(text)?)?;
    }
    match builder.build(pass.biscuit())?.authorize() {
        Ok(_) => Ok(Verdict::Allow),
        Err(error::Token::FailedLogic(_) | error::Token::Execution(_)) => Ok(Verdict::Deny),
        Err(error) => Err(error),
    }
}
