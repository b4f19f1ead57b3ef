//! Passes that somebody made to break the verifier, or to widen a grant. Each is refused cheaply, before any of it is
//! evaluated.

use std::time::Instant;

use crate::common::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use biscuit_auth::builder::{Algorithm, BiscuitBuilder, BlockBuilder};
use biscuit_auth::{Biscuit, KeyPair, PrivateKey, UnverifiedBiscuit};
use datalog::flags;
use datalog::*;

fn root_pair() -> KeyPair {
    KeyPair::from(&PrivateKey::from_bytes(root().seed(), Algorithm::Ed25519).unwrap())
}

fn text(bytes: &[u8]) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn bytes(pass: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(pass.strip_prefix(PREFIX).unwrap()).unwrap()
}

/// The pass of `mint` with a block of this source appended by the library, as any holder can.
pub(super) fn with_block(source: &str) -> String {
    with_builder(BlockBuilder::new().code(source).unwrap())
}

fn with_builder(block: BlockBuilder) -> String {
    let parent = UnverifiedBiscuit::from(bytes(&mint(&args(&["mail:read"], &[], &[])))).unwrap();
    text(&parent.append(block).unwrap().to_vec().unwrap())
}

/// A pass of the real root key with extra text in its authority block, as a broken minter might make it.
pub(super) fn minted_with(source: &str) -> String {
    let code = format!(
        r#"pass_id("p_CQkJCQkJCQkJCQkJCQkJCQ"); task("t"); connected("mail", "mail", "me@example.com");
           grant_effects("allow", "mail", {{"read"}}); {source}"#
    );
    let biscuit = BiscuitBuilder::new().root_key_id(1).code(code).unwrap().build(&root_pair()).unwrap();
    text(&biscuit.to_vec().unwrap())
}

#[track_caller]
pub(super) fn refused(pass: &str, why: &str) {
    let error = verify(pass).expect_err("a hostile pass was accepted").to_string();
    assert!(error.contains(why), "expected `{why}`, got `{error}`");
}

#[test]
fn the_words_of_the_verifier_cannot_be_stated() {
    for fact in [
        r#"operation("mail.messages.list")"#,
        "time(2019-01-01T00:00:00Z)",
        r#"effect("read")"#,
        r#"approved("00")"#,
        r#"used("send", 0)"#,
        r#"arg("q", "x")"#,
        r#"recipient("a@example.com")"#,
        r#"holder_key("k")"#,
    ] {
        refused(&with_block(&format!("{fact};")), "is a word of the verifier");
        refused(
            &minted_with(&format!("{fact}; check if time($t), $t <= 2027-01-01T00:00:00Z;")),
            "is a word of the verifier",
        );
    }
}

#[test]
fn a_later_block_cannot_grant() {
    for fact in [
        r#"grant_effects("allow", "mail", {"send"})"#,
        r#"grant_operation("allow", "mail", "mail.messages.send")"#,
        r#"grant_glob("allow", "mail", "", "")"#,
        r#"connected("mail", "mail", "you@example.com")"#,
        r#"pass_id("p_AAAAAAAAAAAAAAAAAAAAAA")"#,
        r#"task("other")"#,
    ] {
        refused(&with_block(&format!("{fact};")), "may stand only in the authority block");
    }
}

#[test]
fn a_later_block_cannot_answer_for_its_parents_budget() {
    let parent = mint(&MintArgs {
        narrow: Narrowing::default().with(&flags::LIMIT, ["send=3"]),
        ..args(&["mail.*"], &[], &[])
    });
    let block = BlockBuilder::new().code(r#"budget_effect("send", "*", "send", 1000);"#).unwrap();
    let child = UnverifiedBiscuit::from(bytes(&parent)).unwrap().append(block).unwrap();
    refused(&text(&child.to_vec().unwrap()), "is set more than once");
}

#[test]
fn rules_scopes_and_functions_are_refused() {
    let end = "check if time($t), $t <= 2027-01-01T00:00:00Z;";
    refused(&with_block(r#"a($x) <- effect($x);"#), "rules");
    refused(&minted_with(&format!(r#"operation($x) <- task($x); {end}"#)), "rules");
    refused(&with_block("check if operation($o) trusting previous;"), "trusting");
    refused(&with_block("check if operation($o), $o.extern::f();"), "external function");
    refused(&with_block(r#"check if operation($o), $o.matches(".*");"#), "regular expression");
    refused(&with_block("check if operation($o), [1, 2].contains(1);"), "array");
    refused(&with_block(r#"check if operation($o), $o.type() == "string";"#), "type()");
    refused(&with_block("check if arg_count($n), $n | 1 == 1;"), "bit operation");
    refused(&with_block("check if holder_key($k);"), "could never pass");
    refused(&with_block("check if operation($a, $b);"), "`operation` takes string");
}

#[test]
fn work_is_bounded_before_it_is_done() {
    let started = Instant::now();
    let facts: String = (0..30).map(|n| format!("f({n});")).collect();
    refused(
        &with_block(&format!("{facts} check if f($a), f($b), f($c), f($d), f($e), $a + $b == 99;")),
        "predicates",
    );
    refused(
        &with_block(&format!("{facts} check if f($a), f($b), f($c), f($d), $a + $b == 99;")),
        "too much work",
    );
    refused(
        &with_block("check if effects($s), $s.all($a -> $s.all($b -> $s.all($c -> $a == $b || $b == $c)));"),
        "closures are nested",
    );
    let sum = (0..200).map(|_| "1").collect::<Vec<_>>().join(" + ");
    refused(&with_block(&format!("check if arg_count($n), $n == {sum};")), "operators");
    let many: String = (0..100).map(|n| format!("check if arg_count($n), $n != {n};")).collect();
    refused(&with_block(&many), "caveats");
    let ors = (0..40).map(|n| format!("arg_count({n})")).collect::<Vec<_>>().join(" or ");
    refused(&with_block(&format!("check if {ors};")), "alternatives");
    let long = "x".repeat(2_000);
    refused(
        &with_block(&format!(r#"check if operation("{long}") or operation($o), $o == "{long}";"#)),
        "bytes",
    );
    assert!(started.elapsed().as_secs() < 10, "refusing takes far too long");
}

#[test]
fn size_and_number_of_blocks_are_bounded() {
    refused(&format!("{PREFIX}{}", "A".repeat(8_001)), "characters");
    refused(&"A".repeat(5_000_000), "characters");
    let mut token = UnverifiedBiscuit::from(bytes(&mint(&args(&["mail:read"], &[], &[])))).unwrap();
    for _ in 0..15 {
        token = token.append(BlockBuilder::new().code("check if true;").unwrap()).unwrap();
    }
    assert!(verify(&text(&token.to_vec().unwrap())).is_ok());
    token = token.append(BlockBuilder::new().code("check if true;").unwrap()).unwrap();
    refused(&text(&token.to_vec().unwrap()), "more than 16 blocks");
}

#[test]
fn a_pass_without_an_end_or_an_id_is_refused() {
    refused(&minted_with(""), "it has no end");
    refused(&minted_with("check if time($t), $t > 2020-01-01T00:00:00Z;"), "it has no end");
    refused(
        &minted_with(
            r#"pass_id("p_AAAAAAAAAAAAAAAAAAAAAA"); check if time($t), $t <= 2027-01-01T00:00:00Z;"#,
        ),
        "pass_id",
    );
    let biscuit = BiscuitBuilder::new().code("check if time($t), $t <= 2027-01-01T00:00:00Z;").unwrap();
    refused(&text(&biscuit.build(&root_pair()).unwrap().to_vec().unwrap()), "pass_id");
}

#[test]
fn another_algorithm_root_or_signature_is_refused() {
    let pass = mint(&args(&["mail:read"], &[], &[]));
    let token = Biscuit::from(bytes(&pass), root_pair().public()).unwrap();
    let next = KeyPair::new_with_algorithm(Algorithm::Secp256r1);
    let child =
        token.append_with_keypair(&next, BlockBuilder::new().code("check if true;").unwrap()).unwrap();
    refused(&text(&child.to_vec().unwrap()), "Ed25519");
    let mut forged = bytes(&pass);
    for place in [10, forged.len() / 2, forged.len() - 40] {
        forged[place] ^= 1;
        assert!(verify(&text(&forged)).is_err(), "a flipped bit at {place} was accepted");
        forged[place] ^= 1;
    }
    let stranger = RootKeyPair::from_seed(1, [8; 32]);
    let terms = MintTerms::parse(&args(&["mail:read"], &[], &[]), &[known("mail")], NOW).unwrap();
    refused(&terms.mint(&PassId::from_random([1; 16]), &stranger).unwrap().text, "root key");
    let unknown = RootKeyPair::from_seed(2, *root().seed());
    refused(&terms.mint(&PassId::from_random([1; 16]), &unknown).unwrap().text, "root key");
}

#[test]
fn a_block_cannot_be_taken_off() {
    let parent = mint(&args(&["mail.*"], &[], &[]));
    let child = narrow(&parent, &AttenuateArgs { only: strings(&["mail:read"]), ..AttenuateArgs::default() });
    let (long, short) = (bytes(&child), bytes(&parent));
    // The parent's bytes with the child's proof, and the reverse.
    let mut crossed = short.clone();
    let tail = 34;
    crossed.truncate(short.len() - tail);
    crossed.extend(&long[long.len() - tail..]);
    assert!(verify(&text(&crossed)).is_err());
}

#[test]
fn a_task_cannot_say_datalog() {
    let hostile = r#"x"); grant_glob("allow", "mail", "", ""); task("y"#;
    let pass = mint(&MintArgs { task: hostile.into(), ..args(&["mail:read"], &[], &[]) });
    assert_eq!(verify(&pass).unwrap().task(), hostile);
    assert_eq!(answers(&pass), "aa------");
    let shown = inspect(&pass).unwrap().blocks[0].facts.join("\n");
    assert!(shown.contains(r#"task("x\"); grant_glob(\"allow\""#), "{shown}");
}

#[test]
fn a_check_that_cannot_be_evaluated_denies() {
    for check in [
        "check if operation($o), $o < 3;",
        "check if arg_count($n), 1 / $n == 1;",
        "reject if effects($e), $e;",
    ] {
        let pass = with_block(check);
        let verified = verify(&pass).unwrap();
        let Decided::Deny(refused) =
            decide(&verified, request("mail.messages.list"), &Context::default(), NOW)
        else {
            panic!("{check} let a request through");
        };
        assert_eq!(refused.ground(), Ground::Unevaluable, "{check}");
    }
}

#[test]
fn a_request_with_thousands_of_arguments_cannot_stall_a_decision() {
    let pass = verify(&with_block("check if arg($a, $x), arg($b, $y), $x != $y, $x.contains($y), $a == $b;"))
        .unwrap();
    let arguments = (0..5_000)
        .map(|n| Argument {
            name: "ids".into(),
            location: Location::Body,
            value: Scalar::String(format!("id-{n}")),
        })
        .collect();
    let Decided::Deny(refused) =
        decide(&pass, request_with("mail.messages.list", arguments), &Context::default(), NOW)
    else {
        panic!("an unfinished evaluation let a request through");
    };
    assert_eq!(refused.ground(), Ground::Unevaluable);
}

#[test]
fn a_join_that_no_condition_follows_is_bounded_too() {
    let pass = verify(&with_block(r#"check if arg($a, $x), arg($b, $y), arg("ids", "none");"#)).unwrap();
    let argument = |n| Argument {
        name: "ids".into(),
        location: Location::Body,
        value: Scalar::String(format!("id-{n}")),
    };
    let many = request_with("mail.messages.list", (0..150).map(argument).collect());
    let Decided::Deny(refused) = decide(&pass, many, &Context::default(), NOW) else {
        panic!("an unfinished evaluation let a request through");
    };
    assert_eq!(refused.ground(), Ground::Unevaluable);
}

/// The least of several tries, so that a busy machine does not decide.
#[test]
fn refusing_a_hostile_pass_costs_less_than_a_millisecond() {
    let facts: String = (0..30).map(|n| format!("f({n});")).collect();
    let many: String = (0..60).map(|n| format!("check if arg_count($n), $n != {n};")).collect();
    let closures = "check if effects($s), $s.all($a -> $s.all($b -> $a == $b));";
    let hostile = [
        with_block(&format!("{facts} check if f($a), f($b), f($c), f($d), f($e), $a + $b == 99;")),
        with_block(&format!("{facts} check if f($a), f($b), f($c), f($d), $a + $b == 99;")),
        with_block(&format!("{many} operation(\"mail.messages.list\");")),
        with_block(closures),
        with_block("a($x) <- effect($x);"),
        with_block(r#"check if operation($o), $o.matches("(a+)+$");"#),
        format!("{PREFIX}{}", "A".repeat(8_000)),
        "A".repeat(5_000_000),
    ];
    // Without optimisation the same work takes several times as long.
    let limit = std::time::Duration::from_millis(if cfg!(debug_assertions) { 15 } else { 1 });
    for pass in hostile {
        let least = (0..20)
            .map(|_| {
                let started = worked();
                assert!(verify(&pass).is_err());
                worked() - started
            })
            .min()
            .unwrap();
        assert!(least < limit, "{least:?} to refuse a pass of {} characters", pass.len());
    }
}

/// How long this thread had a processor. A busy machine does not change it.
fn worked() -> std::time::Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    std::time::Duration::new(spent.tv_sec.try_into().unwrap(), spent.tv_nsec.try_into().unwrap())
}

/// Protobuf can write one message in many ways. Here each field is tried.
#[test]
fn a_pass_has_one_text() {
    let pass = mint(&args(&["mail:read"], &[], &[]));
    let child = with_block(r#"check if operation("mail.messages.get");"#);
    for pass in [pass, child] {
        verify(&pass).expect("unchanged, it verifies");
        let bytes = bytes(&pass);
        // A pass begins with `1: 1`, the root key's id. Then comes `2: authority`.
        assert_eq!(bytes.get(..3), Some([0x08, 0x01, 0x12].as_slice()));
        let with = |before: &[u8], behind: &[u8]| [before, &bytes, behind].concat();
        let (id, rest) = bytes.split_at(2);
        let length = rest.iter().position(|byte| byte & 0x80 == 0 && *byte != 0x12).unwrap();
        let mut longer = rest[..=length].to_vec();
        *longer.last_mut().unwrap() |= 0x80;
        longer.push(0);
        let authority = {
            let size =
                rest[1..=length].iter().rev().fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
            &rest[..=length + size]
        };
        let forms: Vec<(&str, Vec<u8>)> = vec![
            ("an unknown field behind", with(&[], &[0x28, 0x01])),
            ("an unknown text behind", with(&[], &[0x7a, 0x03, b'a', b'b', b'c'])),
            ("an unknown field before", with(&[0x28, 0x01], &[])),
            ("a group behind", with(&[], &[0x2b, 0x2c])),
            ("a group that holds a field", with(&[], &[0x2b, 0x08, 0x01, 0x2c])),
            ("the root key's id twice", with(&[0x08, 0x01], &[])),
            ("the root key's id at the end", [rest, id].concat()),
            ("the root key's id in two bytes", [&[0x08, 0x81, 0x00], rest].concat()),
            ("the length in one byte more", [id, &longer, &rest[length + 1..]].concat()),
            ("the authority block twice", [id, authority, rest].concat()),
            ("the pass twice", with(&bytes, &[])),
            ("a zero behind", with(&[], &[0])),
        ];
        for (what, form) in forms {
            assert!(verify(&text(&form)).is_err(), "{what}");
            assert!(inspect(&text(&form)).is_err(), "{what}, inspected");
            let narrower = AttenuateArgs { only: strings(&["mail:read"]), ..AttenuateArgs::default() };
            assert!(attenuate(&text(&form), &narrower, &[service()], NOW).is_err(), "{what}, narrowed");
        }
    }
}

#[test]
fn the_text_of_a_pass_is_base64_in_its_one_form() {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    let bytes = (0..3).find_map(|spaces| {
        let task = format!("triage{}", "!".repeat(spaces));
        let bytes = bytes(&mint(&MintArgs { task, ..args(&["mail:read"], &[], &[]) }));
        (bytes.len() % 3 == 1).then_some(bytes)
    });
    let bytes = bytes.expect("one of three lengths leaves a byte over");
    let plain = URL_SAFE_NO_PAD.encode(&bytes);
    // Other libraries write the padding.
    for fine in [text(&bytes), plain.clone(), URL_SAFE.encode(&bytes)] {
        verify(&fine).expect(&fine);
    }
    let mut bits = plain.clone().into_bytes();
    let last = bits.last_mut().unwrap();
    *last = match *last {
        b'A' => b'B',
        b'Q' => b'R',
        b'g' => b'h',
        _ => b'x',
    };
    for odd in [
        format!("{plain}="),
        format!("{plain}==="),
        format!("{plain}===="),
        format!("={plain}"),
        format!("{plain}\n"),
        format!(" {plain}"),
        format!("{}\n{}", &plain[..40], &plain[40..]),
        String::from_utf8(bits).unwrap(),
        format!("hallpass_hallpass_{plain}"),
        format!("HALLPASS_{plain}"),
        STANDARD.encode([bytes.as_slice(), &[0xff; 3]].concat()),
    ] {
        assert!(verify(&odd).is_err(), "{odd}");
        assert!(inspect(&odd).is_err(), "{odd}");
    }
}
