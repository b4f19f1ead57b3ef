//! Properties of every word, over checks that read the whole vocabulary, every flag, and requests of a real service:
//! children only lose, biscuit-auth agrees, and so does any tool by the printed form.

use crate::common::*;
use crate::whole::*;
use base64::Engine;
use biscuit_auth::builder::{AuthorizerBuilder, Check};
use biscuit_auth::{AuthorizerLimits, error};
use datalog::flags;
use datalog::reference::{ReferenceVerdict, reference};
use datalog::transcript::world;
use datalog::vocabulary::{Count, words};
use datalog::*;
use proptest::prelude::*;

/// The verdict of biscuit-auth on the printed text, without the pass.
fn by_what_is_printed(pass: &VerifiedPass, (request, context): &(Request, Context)) -> bool {
    allows(&world(pass.content(), request, context, NOW))
}

fn allows(text: &str) -> bool {
    let limits =
        AuthorizerLimits { max_time: std::time::Duration::from_secs(5), ..AuthorizerLimits::default() };
    let builder = AuthorizerBuilder::new().set_limits(limits).code(text);
    let builder = builder.unwrap_or_else(|error| panic!("{error}: {text}"));
    match builder.build_unauthenticated().unwrap().authorize() {
        Ok(_) => true,
        Err(error::Token::FailedLogic(_) | error::Token::Execution(_)) => false,
        Err(error) => panic!("{error}: {text}"),
    }
}

/// Whether the check reads the word.
fn reads(check: &str, word: &str) -> bool {
    let check = Check::try_from(check).unwrap();
    check.queries.iter().flat_map(|query| &query.body).any(|predicate| predicate.name == word)
}

#[test]
fn every_word_is_read_by_a_check_here() {
    let everything = MintTerms::parse(&everything(), connections(), NOW).unwrap();
    let everything = everything.mint(&PassId::from_random([9; 16]), &root()).unwrap().text;
    let facts: Vec<String> =
        inspect(&everything).unwrap().blocks.into_iter().flat_map(|block| block.facts).collect();
    for word in words() {
        let name = word.name;
        let stated = facts.iter().any(|fact| fact.starts_with(&format!("{name}(")));
        let read = CHECKS.iter().any(|check| reads(check, name));
        if word.count == Count::NotYet {
            // No request has facts of this word, so no pass can check it.
            let check = format!("check if {}", word.example);
            assert!(
                minted(&MintArgs { narrow: checking(&[&check]), ..args(&["gmail:read"], &[], &[]) })
                    .is_none()
            );
            continue;
        }
        assert!(read || stated, "no check reads `{name}`, and no flag states it");
        assert!(read || !vocabulary::is_reserved(name), "no check reads `{name}`");
    }
    for check in CHECKS {
        let limits = strings(&["send=2", "bytes=2kB"]);
        let args = MintArgs {
            narrow: checking(&[check]).with(&flags::LIMIT, limits),
            ..args(&["gmail:read", "slack:send"], &[], &[])
        };
        MintTerms::parse(&args, connections(), NOW).unwrap_or_else(|error| panic!("{check}: {error}"));
    }
}

/// A name in a pass makes facts (a clock, a count). A child that names more adds none that a check of its parent
/// could take for its own.
#[test]
fn a_check_says_which_zone_kind_or_budget_it_reads() {
    for check in [
        "check if clock($zone, \"mon\", $m)",
        "check if used($budget, $n), $n < 2",
        "check if cost($budget, $n), $n < 2",
        "check all unseen_count($kind, 0)",
        "check if unseen_count(\"message\", $n), uncreated_count($kind, $n)",
    ] {
        let args = MintArgs {
            narrow: checking(&[check]).with(&flags::LIMIT, ["send=2"]),
            ..args(&["gmail:read"], &[], &[])
        };
        let told = MintTerms::parse(&args, connections(), NOW).unwrap_err().to_string();
        assert!(told.contains("write which one"), "{check}: {told}");
    }
}

#[test]
fn no_later_block_sets_the_budget_that_an_earlier_one_asks_for() {
    let of = |checks: &[&str], limits: &[&str]| MintArgs {
        narrow: checking(checks).with(&flags::LIMIT, strings(limits)),
        ..args(&["gmail:read"], &[], &[])
    };
    let check = "check if used(\"gmail:read#1\", $n), $n < 2";
    let terms = MintTerms::parse(&of(&[check], &[]), connections(), NOW).unwrap();
    let Err(told) = terms.mint(&PassId::from_random([9; 16]), &root()) else { panic!("it was minted") };
    assert!(told.to_string().contains("no block up to its own sets"), "{told}");
    let parent = minted(&of(&["check if used(\"gmail:read\", $n), $n < 2"], &["gmail:read=5"])).unwrap();
    let own = |check: &str| AttenuateArgs { narrow: checking(&[check]), ..AttenuateArgs::default() };
    assert!(child(&parent, &own("check if used(\"gmail:read\", $n), $n < 1")).is_some(), "of the parent");
    assert!(child(&parent, &own(check)).is_none(), "of nobody");
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn a_child_never_gets_more_over_the_whole_vocabulary(
        args in passes(), first in narrowings(), second in narrowings(), request in requests(), situation in situations(),
    ) {
        let Some(parent) = minted(&args) else { return Err(TestCaseError::reject("not minted")) };
        let Some(one) = child(&parent, &first) else { return Err(TestCaseError::reject("not narrowed")) };
        let Some(two) = child(&one, &second) else { return Err(TestCaseError::reject("not narrowed")) };
        let mut before = 2;
        for text in [&parent, &one, &two] {
            let pass = verify(text).unwrap();
            let (answer, _) = verdict(&pass, asked(&pass, &request, &situation));
            prop_assert!(answer <= before, "a child got more than its parent");
            before = answer;
        }
    }

    #[test]
    fn biscuit_auth_agrees_over_the_whole_vocabulary_also_by_what_is_printed(
        args in passes(), narrower in narrowings(), request in requests(), situation in situations(),
    ) {
        let Some(parent) = minted(&args) else { return Err(TestCaseError::reject("not minted")) };
        let Some(text) = child(&parent, &narrower) else { return Err(TestCaseError::reject("not narrowed")) };
        let pass = verify(&text).unwrap();
        let known = asked(&pass, &request, &situation);
        let (answer, evaluable) = verdict(&pass, known.clone());
        // If an expression has no value, biscuit-auth's hashing decides which match it finds first.
        if evaluable {
            let expected = if answer == 2 { ReferenceVerdict::Allow } else { ReferenceVerdict::Deny };
            prop_assert_eq!(reference(&pass, &known.0, &known.1, NOW).unwrap(), expected);
            prop_assert_eq!(by_what_is_printed(&pass, &known), answer == 2);
        }
    }
}

#[test]
fn what_a_later_block_states_only_it_sees_also_in_what_is_printed() {
    let parent = minted(&args(&["gmail:read"], &[], &[])).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&parent[PREFIX.len()..]).unwrap();
    let list = || classified(&connections()[0], "GET /gmail/v1/users/me/messages", "", b"").unwrap();
    for (blocks, allowed) in [
        // A block sees its own facts, beside those that everybody sees under the same name.
        (vec!["ok(\"gmail.users.messages.list\"); check if operation($o), ok($o)"], true),
        (vec!["ok(\"gmail.users.messages.get\"); check if operation($o), ok($o)"], false),
        (vec!["ok(\"gmail.users.messages.list\")", "check if operation($o), ok($o)"], false),
        (vec!["block1_ok(1); ok(2); check if ok(2), block1_ok(1)", "reject if ok(2)"], true),
        (vec!["ok(1); check all ok($n), $n > 0", "ok(-1); check all ok($n), $n < 0"], true),
        (vec!["task(\"another\"); check if true"], false),
    ] {
        let mut token = biscuit_auth::UnverifiedBiscuit::from(&bytes).unwrap();
        for block in &blocks {
            let block = biscuit_auth::builder::BlockBuilder::new().code(block).unwrap();
            token = token.append(block).unwrap();
        }
        let Ok(pass) = verify(&token.to_base64().unwrap()) else {
            assert!(!allowed, "{blocks:?}");
            continue;
        };
        let known = (list(), Context::default());
        assert_eq!(verdict(&pass, known.clone()).0 == 2, allowed, "{blocks:?}");
        assert_eq!(
            by_what_is_printed(&pass, &known),
            allowed,
            "{blocks:?}: {}",
            world(pass.content(), &known.0, &known.1, NOW)
        );
    }
}
