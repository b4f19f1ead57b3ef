//! What a person is told about an imported service: what was left out, what its operations do, and what it takes to
//! connect it. It only describes; nothing is decided here.

use datalog::Effect;
use datalog::catalog::import::ImportReport;
use datalog::catalog::{OAuth, Service};
use serde::Serialize;

use super::super::term::{Term, Tone};
use crate::cli::context::Context;

/// This many omitted parts are written in full.
const SHOWN: usize = 20;

/// How many operations have an effect.
#[derive(Debug, Serialize)]
pub(super) struct Count {
    effect: Effect,
    operations: usize,
}

pub(super) fn counts(service: &Service) -> Vec<Count> {
    let having =
        |effect| service.operations.iter().filter(|operation| operation.effects.contains(effect)).count();
    Effect::ALL
        .into_iter()
        .map(|effect| Count { effect, operations: having(effect) })
        .filter(|count| count.operations > 0)
        .collect()
}

pub(super) fn show(service: &Service, report: &ImportReport, effects: &[Count], context: &Context) {
    let term = &context.term;
    term.say(format!("{} operations, {} types", report.operations, report.types));
    list(term, "left out", &report.excluded);
    list(term, "note", &report.notes);
    let counts: Vec<_> =
        effects.iter().map(|count| format!("{} {}", count.operations, count.effect)).collect();
    term.say(format!("effects: {}", counts.join(", ")));
    let name = &service.name;
    match (service.reviewed, service.corrected) {
        (true, _) => {}
        (false, true) => {
            term.say_in(Tone::Warn, "operations that the overlay does not list are assumed at their worst");
        }
        (false, false) => term.say_in(
            Tone::Warn,
            format!(
                "nobody reviewed these effects: they are assumed at their worst. `hallpass services show {name}` says why; \
                 `--as-overlay` prints a file to correct them with"
            ),
        ),
    }
    connecting(term, service);
}

fn list(term: &Term, what: &str, lines: &[String]) {
    for line in lines.iter().take(SHOWN) {
        term.say(format!("{what}: {line}"));
    }
    if let Some(more) = lines.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        term.say(format!("{what}: {more} more, which `--json` lists"));
    }
}

/// Shows what a person types next, and the settings that hallpass.toml needs first.
fn connecting(term: &Term, service: &Service) {
    let name = &service.name;
    let known = OAuth::default();
    let oauth = service.oauth.as_ref().unwrap_or(&known);
    let mut missing = Vec::new();
    if service.hosts.is_empty() {
        missing.push("`base_url`");
    }
    if oauth.authorize_url.is_none() && oauth.device_url.is_none() {
        missing.push("`authorize_url`");
    }
    if oauth.token_url.is_none() {
        missing.push("`token_url`");
    }
    if !missing.is_empty() {
        let missing = missing.join(", ");
        term.say(format!(
            "the description does not say where to sign in: set {missing} under [services.{name}] in hallpass.toml"
        ));
    }
    if let Some(url) = oauth.authorize_url.as_ref().or(oauth.device_url.as_ref()) {
        let scopes = match oauth.scopes.as_slice() {
            [] => "without scopes".to_owned(),
            scopes => format!("for {}", scopes.join(" ")),
        };
        term.say(format!("sign-in at {url}, {scopes}; `--scope` asks for others"));
    }
    let account = if oauth.userinfo_url.is_some() { "" } else { " --account NAME" };
    let device = if oauth.authorize_url.is_none() && oauth.device_url.is_some() { " --device" } else { "" };
    term.say(format!(
        "connect it: `hallpass connect {name} --client-id ID --client-secret-file FILE{account}{device}`"
    ));
}
