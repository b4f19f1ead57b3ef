//! Checks that the compiled decision and biscuit-auth agree, on any number of random passes and requests.
//!
//! Everything random is made from a seed, so that a difference can be made again. Nothing is timed here. Checks that
//! may have no value are left out: biscuit-auth's answer then depends on which fact it meets first, and so on its
//! hashing.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use datalog::catalog::{Catalog, Service};
use datalog::reference::{ReferenceVerdict, reference};
use datalog::{
    Argument, AttenuateArgs, Body, Context, Decided, Effect, Ground, KnownConnection, Location, MintArgs,
    MintTerms, Narrowing, PassCache, PassId, Request, Resource, RootKeyPair, RootKeys, Scalar, VerifiedPass,
    flags,
};
use serde::Serialize;
use time::OffsetDateTime;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-11-22 09:00 UTC);
/// How many requests each pass is asked about.
const REQUESTS: usize = 64;

/// The result of the comparison.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Agreement {
    pub(crate) seed: u64,
    pub(crate) passes: u64,
    pub(crate) compared: u64,
    pub(crate) allowed: u64,
    pub(crate) asked: u64,
    pub(crate) denied: u64,
    /// Decisions that deny because something in the pass has no value.
    pub(crate) without_value: u64,
}

/// Compares `count` decisions. Fails at the first difference, with everything that is needed to make it again.
pub(crate) fn run(count: u64, seed: u64) -> anyhow::Result<Agreement> {
    let world = World::new()?;
    let mut dice = Dice(seed);
    let mut agreement = Agreement { seed, ..Agreement::default() };
    while agreement.compared < count {
        let from = dice.0;
        let Some(pass) = world.pass(&mut dice) else { continue };
        agreement.passes += 1;
        for _ in 0..REQUESTS {
            world
                .compare(&pass, &mut dice, &mut agreement)
                .with_context(|| format!("the pass that is made from the seed {from}"))?;
        }
    }
    Ok(agreement)
}

struct World {
    service: Arc<Service>,
    key: RootKeyPair,
    roots: RootKeys,
    targets: Vec<String>,
}

/// Checks of every kind, over every word that a request has facts of.
const CHECKS: &[&str] = &[
    "check if method(\"GET\")",
    "check all effect($e), {\"read\", \"write\", \"send\"}.contains($e)",
    "check all arg($n, $v), !$v.contains(\"x\") or arg_count(0)",
    "check if arg_count($n), $n < 2",
    "check all arg_name($n), {\"q\", \"maxResults\"}.contains($n) or arg_count(0)",
    "check all arg_int(\"maxResults\", $n), $n <= 10 or arg_count(0)",
    "reject if arg_bool(\"includeSpamTrash\", true)",
    "reject if effects($e), $e.contains(\"secret\") && $e.length() > 1",
    "check if operation($o), $o.starts_with(\"gmail.users.\") && ($o.ends_with(\"send\") || $o.ends_with(\"list\"))",
    "check if effects($e), $e.all($x -> $x != \"admin\")",
    "check if effects($e), $e.any($x -> {\"read\", \"delete\"}.contains($x))",
    "check if effects($a), {\"read\"}.union({\"secret\"}).intersection($a).length() >= 1",
    "check if time($t), $t < 2026-11-22T09:10:00Z",
    "check if time($t), $t < 2026-11-22T08:50:00Z or method(\"GET\")",
    "check if request_digest($d), approved($d) or method(\"GET\")",
    "check all arg_int($n, $v), $v * 2 < 30 or arg_count($c), $c - 1 < 9",
    "check if path($p), $p.length() < 4, !($p === \"/y\")",
    "reject if resource(\"message\", \"m1\")",
    "check if account($a), $a == \"me@example.com\", connection($c), service($s), $c == $s",
    "check if host($h), $h != \"3\"",
    "check if clock(\"Asia/Tokyo\", $d, $m), $d == \"sun\", $m >= 1080",
    "check if clock(\"UTC\", \"mon\", $m)",
    "check if stage(\"request\")",
    "check all arg_type($n, $t), $t != \"boolean\" or arg_count(0)",
    "check all resource($k, $i), $i.ends_with(\"2\") or method(\"GET\")",
    "check if unseen_count(\"message\", 0)",
    "check if uncreated_count(\"draft\", 0) or method(\"GET\")",
];

impl World {
    fn new() -> anyhow::Result<Self> {
        let catalog = Catalog::embedded()?;
        let service = catalog.service(&"gmail".parse()?).context("the catalog has no gmail")?.clone();
        let key = RootKeyPair::from_seed(1, [7; 32]);
        let roots = RootKeys::new([key.public()]);
        let mut targets: Vec<String> = Vec::new();
        for effect in Effect::ALL {
            if service.operations.iter().any(|operation| operation.effects.contains(effect)) {
                targets.extend([effect.to_string(), format!("gmail:{effect}")]);
            }
        }
        targets.extend(service.operations.iter().map(|operation| operation.id.to_string()));
        targets.extend(["gmail.*", "gmail.users.messages.*", "gmail.*.send", "*list"].map(String::from));
        Ok(Self { service, key, roots, targets })
    }

    /// A random pass; none if the random flags make no pass.
    fn pass(&self, dice: &mut Dice) -> Option<Arc<VerifiedPass>> {
        let known = KnownConnection {
            name: "gmail".parse().ok()?,
            account: "me@example.com".parse().ok()?,
            service: self.service.clone(),
        };
        let args = MintArgs {
            task: "agree".into(),
            allow: dice.some(&self.targets, 4),
            ask: dice.some(&self.targets, 3),
            deny: dice.some(&self.targets, 2),
            narrow: narrowing(dice),
            ..MintArgs::default()
        };
        let terms = MintTerms::parse(&args, &[known], NOW).ok()?;
        let mut text = terms.sign(&PassId::from_random([9; 16]), &self.key).ok()?.text;
        for _ in 0..dice.below(4) {
            let args = AttenuateArgs {
                only: dice.some(&self.targets, 3),
                ask: dice.some(&self.targets, 2),
                deny: dice.some(&self.targets, 2),
                narrow: narrowing(dice),
            };
            // A block that narrows nothing is refused, and left out.
            if let Ok(narrower) =
                datalog::attenuate::append(&text, &args, std::slice::from_ref(&self.service), NOW)
            {
                text = narrower.text;
            }
        }
        PassCache::new(1).verify(&text, &self.roots, &|_| false, NOW).ok()
    }

    fn request(&self, dice: &mut Dice) -> anyhow::Result<Request> {
        let operation = dice.one(&self.service.operations).context("the service has no operations")?.clone();
        let mut arguments = Vec::new();
        for _ in 0..dice.below(4) {
            let name = dice.one(&["q", "maxResults", "includeSpamTrash", "ids"]).copied().unwrap_or("q");
            let value = match dice.below(3) {
                0 => Scalar::String(dice.one(&["is:unread", "x", ""]).copied().unwrap_or_default().into()),
                1 => Scalar::Int(i64::try_from(dice.below(21))? - 1),
                _ => Scalar::Bool(dice.below(2) == 0),
            };
            arguments.push(Argument { name: name.into(), location: Location::Query, value });
        }
        let id = dice.one(&["m1", "m2"]).copied().unwrap_or("m1");
        let resource = Resource { kind: "message".into(), id: id.into() };
        Ok(Request {
            connection: if dice.below(4) == 0 { "other".parse()? } else { "gmail".parse()? },
            account: if dice.below(8) == 0 {
                "you@example.com".parse()?
            } else {
                "me@example.com".parse()?
            },
            effects: operation.effects,
            operation,
            catalog: "d".into(),
            path: dice.one(&["/x", "/y", "/longer"]).copied().unwrap_or("/x").into(),
            query: String::new(),
            headers: Vec::new(),
            arguments,
            resources: if dice.below(2) == 0 { vec![resource] } else { Vec::new() },
            unnamed: Vec::new(),
            asked: datalog::Asked::default(),
            body: Body::Empty,
        })
    }

    fn compare(
        &self,
        pass: &Arc<VerifiedPass>,
        dice: &mut Dice,
        agreement: &mut Agreement,
    ) -> anyhow::Result<()> {
        let request = self.request(dice)?;
        let used = dice.below(4);
        let context = Context {
            used: pass.limits().iter().map(|limit| (limit.budget.clone(), used.into())).collect(),
            approved: (dice.below(3) == 0).then(|| request.digest()),
            ..Context::default()
        };
        let ours = match datalog::decide(pass, request.clone(), &context, NOW) {
            Decided::Allow(_) => "allow",
            Decided::Ask(_) => "ask",
            Decided::Deny(refused) if refused.ground() == Ground::Unevaluable => {
                agreement.without_value += 1;
                return Ok(());
            }
            Decided::Deny(_) => "deny",
        };
        let theirs = theirs(pass, &request, &context)?;
        if ours != theirs {
            bail!("`{ours}` here and `{theirs}` by biscuit-auth for {request:?} given {context:?}");
        }
        agreement.compared += 1;
        *match ours {
            "allow" => &mut agreement.allowed,
            "ask" => &mut agreement.asked,
            _ => &mut agreement.denied,
        } += 1;
        Ok(())
    }
}

/// The answer of biscuit-auth. It is asked twice: once as it is, and once as if this request were approved.
fn theirs(pass: &Arc<VerifiedPass>, request: &Request, context: &Context) -> anyhow::Result<&'static str> {
    if reference(pass, request, context, NOW)? == ReferenceVerdict::Allow {
        return Ok("allow");
    }
    let approved = Context { approved: Some(request.digest()), ..context.clone() };
    Ok(if reference(pass, request, &approved, NOW)? == ReferenceVerdict::Allow { "ask" } else { "deny" })
}

fn narrowing(dice: &mut Dice) -> Narrowing {
    Narrowing::default().with(&flags::LIMIT, limits(dice)).with(&flags::CHECK, checks(dice))
}

fn limits(dice: &mut Dice) -> Vec<String> {
    let names =
        ["send", "gmail:read", "gmail.users.messages.*", "gmail.users.messages.get"].map(String::from);
    let max = dice.below(4);
    dice.some(&names, 2).into_iter().map(|name| format!("{name}={max}")).collect()
}

fn checks(dice: &mut Dice) -> Vec<String> {
    let all: Vec<String> = CHECKS.iter().map(ToString::to_string).collect();
    dice.some(&all, 3)
}

/// Numbers from a seed (SplitMix64): not for secrets.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn one<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let at = self.below(all.len() as u64);
        all.get(usize::try_from(at).unwrap_or(0))
    }

    /// At most `most` of these, each once.
    fn some(&mut self, all: &[String], most: u64) -> Vec<String> {
        let mut chosen: Vec<String> = Vec::new();
        for _ in 0..self.below(most + 1) {
            if let Some(one) = self.one(all).filter(|one| !chosen.contains(one)).cloned() {
                chosen.push(one);
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_random_decisions_are_biscuit_auths_too() {
        let agreement = run(1_000, 7).unwrap();
        assert!(agreement.allowed > 0 && agreement.asked > 0 && agreement.denied > 100, "{agreement:?}");
    }
}
