//! Properties of every pass, attenuation and request: children only lose, nothing panics, every refusal explains
//! itself, text and bytes are inverse, and the compiled evaluator agrees with biscuit-auth.

use std::sync::Arc;

use crate::common::*;
use datalog::flags;
use datalog::reference::{ReferenceVerdict, reference};
use datalog::*;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

fn targets() -> impl Strategy<Value = Vec<String>> {
    let mut all: Vec<String> = Effect::ALL
        .iter()
        .filter(|effect| OPERATIONS.iter().any(|(_, _, own)| own.contains(effect)))
        .flat_map(|effect| [effect.to_string(), format!("mail:{effect}")])
        .collect();
    all.extend(OPERATIONS.iter().map(|(id, _, _)| (*id).to_owned()));
    all.extend(strings(&["mail.*", "mail.messages.*", "mail.*.send", "mail:mail.drafts.*", "*read"]));
    subsequence(all, 0..6)
}

fn limits() -> impl Strategy<Value = Vec<String>> {
    (subsequence(strings(&["send", "mail:read", "mail.messages.*", "mail.messages.get"]), 0..3), 0..4i64)
        .prop_map(|(names, max)| names.into_iter().map(|name| format!("{name}={max}")).collect())
}

/// Checks over the whole vocabulary. Some cannot be evaluated for some requests.
const CHECKS: &[&str] = &[
    "check if method(\"GET\")",
    "check all effect($e), {\"read\", \"write\", \"send\"}.contains($e)",
    "check all arg($n, $v), !$v.contains(\"x\")",
    "check if arg_count($n), $n < 2",
    "check all arg_name($n), {\"q\", \"maxResults\"}.contains($n)",
    "check all arg_int(\"maxResults\", $n), $n <= 10 or arg_count(0)",
    "reject if arg_bool(\"includeSpamTrash\", true)",
    "reject if effects($e), $e.contains(\"secret\") && $e.length() > 1",
    "check if operation($o), $o.starts_with(\"mail.\") && ($o.ends_with(\"send\") || $o.ends_with(\"list\"))",
    "check if effects($e), $e.all($x -> $x != \"admin\")",
    "check if effects($e), $e.any($x -> {\"read\", \"delete\"}.contains($x))",
    "check if effects($a), {\"read\"}.union({\"secret\"}).intersection($a).length() >= 1",
    "check if time($t), $t < 2026-11-22T09:10:00Z",
    "check if request_digest($d), approved($d) or method(\"GET\")",
    "check all arg_int($n, $v), 10 / $v > 1 or arg_count($c), $c - 1 < 9",
    "check if path($p), $p.length() < 4, !($p === \"/y\")",
    "reject if resource(\"message\", \"m1\")",
    "check if account($a), $a == \"me@example.com\", connection($c), service($s), $c == $s",
    "check if host($h), $h != \"3\"",
    "check if clock(\"Asia/Tokyo\", $d, $m), $d == \"sun\", $m >= 1080",
    "check if clock(\"UTC\", \"mon\", $m)",
];

fn checks() -> impl Strategy<Value = Vec<String>> {
    subsequence(CHECKS.to_vec(), 0..3).prop_map(|list| strings(&list))
}

prop_compose! {
    fn passes()(allow in targets(), ask in targets(), deny in targets(), limits in limits(), checks in checks()) -> MintArgs {
        // A pass that allows nothing is not minted.
        let allow = if allow.is_empty() && ask.is_empty() { strings(&["mail:read"]) } else { allow };
        MintArgs { task: "t".into(), allow, ask, deny, narrow: Narrowing::default().with(&flags::LIMIT, limits).with(&flags::CHECK, checks), ..MintArgs::default() }
    }
}

prop_compose! {
    fn narrowings()(only in targets(), ask in targets(), deny in targets(), limits in limits(), checks in checks()) -> AttenuateArgs {
        let checks = if checks.is_empty() { strings(&["check if method($m), $m != \"TRACE\""]) } else { checks };
        AttenuateArgs { only, ask, deny, narrow: Narrowing::default().with(&flags::LIMIT, limits).with(&flags::CHECK, checks).with(&flags::FOR, ["10m"]) }
    }
}

fn arguments() -> impl Strategy<Value = Vec<Argument>> {
    let value = prop_oneof![
        select(vec!["is:unread", "x", "", "me@example.com"]).prop_map(|text| Scalar::String(text.into())),
        (-1..20i64).prop_map(Scalar::Int),
        any::<bool>().prop_map(Scalar::Bool),
    ];
    let one = (select(vec!["q", "maxResults", "includeSpamTrash", "ids"]), value)
        .prop_map(|(name, value)| Argument { name: Arc::from(name), location: Location::Query, value });
    proptest::collection::vec(one, 0..4)
}

prop_compose! {
    fn requests()(
        (id, _, _) in select(OPERATIONS.to_vec()),
        arguments in arguments(),
        account in select(vec!["me@example.com", "you@example.com"]),
        connection in select(vec!["mail", "mail", "mail", "other"]),
        path in select(vec!["/x", "/y", "/longer"]),
        resource in proptest::option::of(select(vec!["m1", "m2"])),
    ) -> Request {
        let mut request = request_with(id, arguments);
        request.account = account.parse().unwrap();
        request.connection = connection.parse().unwrap();
        request.path = path.into();
        request.resources = resource.iter().map(|id| Resource { kind: Arc::from("message"), id: (*id).into() }).collect();
        request
    }
}

fn verdict(decided: &Decided) -> u8 {
    match decided {
        Decided::Allow(_) => 2,
        Decided::Ask(_) => 1,
        Decided::Deny(_) => 0,
    }
}

fn context(pass: &VerifiedPass, used: u64, request: Option<&Request>) -> Context {
    Context {
        used: pass.limits().iter().map(|limit| (limit.budget.clone(), used.into())).collect(),
        approved: request.map(Request::digest),
        ..Context::default()
    }
}

/// The verdict of biscuit-auth, asked twice: once as it is, and once as if this request were approved.
fn reference_verdict(pass: &Arc<VerifiedPass>, request: &Request, context: &Context) -> u8 {
    if reference(pass, request, context, NOW).unwrap() == ReferenceVerdict::Allow {
        return 2;
    }
    let approved = Context { approved: Some(request.digest()), ..context.clone() };
    u8::from(reference(pass, request, &approved, NOW).unwrap() == ReferenceVerdict::Allow)
}

fn cases(count: u32) -> ProptestConfig {
    // Set PROPTEST_CASES to run more.
    let config = ProptestConfig::default();
    ProptestConfig {
        cases: count.max(if config.cases == 256 { 0 } else { config.cases }),
        failure_persistence: None,
        ..config
    }
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn a_child_never_allows_what_its_parent_denies(
        args in passes(), first in narrowings(), second in narrowings(), request in requests(), used in 0..4u64, approve in any::<bool>(),
    ) {
        let parent = mint(&args);
        let child = narrow(&parent, &first);
        let grandchild = narrow(&child, &second);
        let mut before = 2;
        for text in [&parent, &child, &grandchild] {
            let pass = verify(text).unwrap();
            let context = context(&pass, used, approve.then_some(&request));
            let answer = verdict(&decide(&pass, request.clone(), &context, NOW));
            prop_assert!(answer <= before, "a child got more than its parent");
            before = answer;
        }
    }

    #[test]
    fn every_refusal_explains_itself(args in passes(), narrower in narrowings(), request in requests(), used in 0..4u64) {
        let pass = verify(&narrow(&mint(&args), &narrower)).unwrap();
        if let Decided::Ask(refused) | Decided::Deny(refused) = decide(&pass, request, &context(&pass, used, None), NOW) {
            prop_assert!(!refused.reasons().is_empty());
            for reason in refused.reasons() {
                prop_assert!(!reason.caveat.is_empty() && !reason.expected.is_empty() && !reason.got.is_empty(), "{reason:?}");
            }
        }
    }

    #[test]
    fn the_compiled_evaluator_agrees_with_biscuit_auth(
        args in passes(), narrower in narrowings(), request in requests(), used in 0..4u64, approve in any::<bool>(),
    ) {
        let pass = verify(&narrow(&mint(&args), &narrower)).unwrap();
        let context = context(&pass, used, approve.then_some(&request));
        let decided = decide(&pass, request.clone(), &context, NOW);
        // If an expression has no value, biscuit-auth's hashing decides which match it finds first.
        let unevaluable = matches!(&decided, Decided::Deny(refused) if refused.ground() == Ground::Unevaluable);
        if !unevaluable {
            prop_assert_eq!(verdict(&decided), reference_verdict(&pass, &request, &context));
        }
    }

    /// Everything is granted, so that the checks alone decide.
    #[test]
    fn every_check_agrees_with_biscuit_auth(
        check in select(CHECKS.to_vec()), own in select(CHECKS.to_vec()), request in requests(), approve in any::<bool>(),
    ) {
        let wide = MintArgs { narrow: Narrowing::default().with(&flags::CHECK, [check]), ..args(&["mail.*"], &[], &[]) };
        let own = AttenuateArgs { narrow: Narrowing::default().with(&flags::CHECK, [own]), ..AttenuateArgs::default() };
        let request = Request { connection: "mail".parse().unwrap(), account: "me@example.com".parse().unwrap(), ..request };
        for text in [mint(&wide), narrow(&mint(&args(&["mail.*"], &[], &[])), &own)] {
            let pass = verify(&text).unwrap();
            let context = context(&pass, 0, approve.then_some(&request));
            let decided = decide(&pass, request.clone(), &context, NOW);
            let unevaluable = matches!(&decided, Decided::Deny(refused) if refused.ground() == Ground::Unevaluable);
            if !unevaluable {
                prop_assert_eq!(verdict(&decided), reference_verdict(&pass, &request, &context));
            }
        }
    }

    #[test]
    fn what_is_shown_is_datalog_that_means_the_same(args in passes(), narrower in narrowings()) {
        for block in inspect(&narrow(&mint(&args), &narrower)).unwrap().blocks {
            for caveat in block.caveats {
                let parsed = biscuit_auth::builder::Check::try_from(caveat.datalog.as_str());
                prop_assert!(parsed.is_ok(), "{} does not parse", caveat.datalog);
            }
            for fact in block.facts {
                prop_assert!(biscuit_auth::builder::Fact::try_from(fact.as_str()).is_ok(), "{fact} does not parse");
            }
        }
    }

    #[test]
    fn the_table_of_can_is_what_decide_does_at_best(args in passes(), narrower in narrowings()) {
        let text = narrow(&mint(&args), &narrower);
        let (pass, content) = (verify(&text).unwrap(), inspect::read(&text).unwrap());
        for row in can::table(&content, &[service()]) {
            let decided = verdict(&decide(&pass, request(&row.operation), &Context::default(), NOW));
            let possible = match row.possible { can::Possible::Allow => 2, can::Possible::Ask => 1, can::Possible::Deny => 0 };
            prop_assert!(decided <= possible, "{row:?} but {decided}");
            if row.conditions.is_empty() {
                prop_assert_eq!(decided, possible, "{:?}", row);
            }
        }
    }

    #[test]
    fn what_is_minted_and_narrowed_reads_back_as_it_was_written(args in passes(), narrower in narrowings()) {
        use base64::Engine;
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let text = narrow(&mint(&args), &narrower);
        let bytes = engine.decode(&text[PREFIX.len()..]).unwrap();
        prop_assert_eq!(format!("{PREFIX}{}", engine.encode(&bytes)), text.clone());
        let (content, pass) = (inspect::read(&text).unwrap(), verify(&text).unwrap());
        prop_assert_eq!(content.blocks.len(), 2);
        prop_assert_eq!(&content.task, &args.task);
        prop_assert_eq!(pass.limits().len(), args.narrow.values(&flags::LIMIT).len() + narrower.narrow.values(&flags::LIMIT).len());
        let budgets = content.blocks[0].caveats.iter().filter(|caveat| caveat.mentions("used")).count();
        prop_assert_eq!(budgets, args.narrow.values(&flags::LIMIT).len());
    }

    #[test]
    fn bytes_that_nobody_minted_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in ".{0,80}") {
        use base64::Engine;
        let encoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        prop_assert!(verify(&encoded).is_err());
        prop_assert!(verify(&text).is_err());
        let check = AttenuateArgs { narrow: Narrowing::default().with(&flags::CHECK, [text.clone()]), ..AttenuateArgs::default() };
        let _ = attenuate(&mint(&args_of_read()), &check, &[service()], NOW);
        let _ = duration(&text);
    }

    #[test]
    fn a_pass_with_one_bit_flipped_is_refused_or_still_itself(args in passes(), place in any::<prop::sample::Index>(), bit in 0..8u8) {
        use base64::Engine;
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let text = mint(&args);
        let mut bytes = engine.decode(&text[PREFIX.len()..]).unwrap();
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(pass) = verify(&engine.encode(bytes)) {
            // Only parts that no signature covers may vary, such as the encoding of the key id.
            prop_assert_eq!(answers(&text), answers_of(&pass));
        }
    }
}

fn answers_of(pass: &Arc<VerifiedPass>) -> String {
    OPERATIONS
        .iter()
        .map(|(id, _, _)| match decide(pass, request(id), &Context::default(), NOW) {
            Decided::Allow(_) => 'a',
            Decided::Ask(_) => '?',
            Decided::Deny(_) => '-',
        })
        .collect()
}

fn args_of_read() -> MintArgs {
    args(&["mail:read"], &[], &[])
}
