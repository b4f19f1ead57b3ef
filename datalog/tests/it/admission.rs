//! Each limit of a block from both sides: a full block is accepted, and one more is refused.

use crate::common::*;
use crate::hostile::{minted_with, refused, with_block};

#[track_caller]
fn taken(source: &str) {
    let verified = verify(&with_block(source));
    assert!(verified.is_ok(), "`{}`: {}", &source[..source.len().min(80)], verified.unwrap_err());
}

#[track_caller]
fn bounded(fills: &str, goes_over: &str, why: &str) {
    taken(fills);
    refused(&with_block(goes_over), why);
}

fn joined(count: usize, between: &str, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(between)
}

#[test]
fn a_block_holds_as_many_of_each_as_it_may_and_no_more() {
    let facts = |count| joined(count, " ", |n| format!("f({n});"));
    bounded(&facts(128), &facts(129), "128 facts in a block");
    let checks = |count| joined(count, " ", |n| format!("check if arg_count({n});"));
    bounded(&checks(64), &checks(65), "64 caveats in a block");
    let alternatives = |count| format!("check if {};", joined(count, " or ", |n| format!("arg_count({n})")));
    bounded(&alternatives(16), &alternatives(17), "16 alternatives in a caveat");
    let predicates = |count| format!("check if {};", joined(count, ", ", |n| format!("arg_count($n{n})")));
    bounded(&predicates(4), &predicates(5), "4 predicates in a query");
    // 2n + 1 operators, and one for each pair of parentheses.
    let sum = |ones: usize, last: &str| {
        format!("check if arg_count($n), $n == {} + {last};", joined(ones - 1, " + ", |_| String::from("1")))
    };
    bounded(&sum(47, "(1)"), &sum(47, "((1))"), "96 operators in an expression");
    let levels = |count| format!("check if {}true{};", "true && (".repeat(count), ")".repeat(count));
    bounded(&levels(8), &levels(9), "8 levels in an expression");
}

#[test]
fn a_value_is_bounded_wherever_it_stands() {
    let text = |size: usize| format!(r#""{}""#, "x".repeat(size));
    let bytes = |size: usize| format!("hex:{}", "ab".repeat(size));
    let set = |size: usize| format!("{{{}}}", text(size));
    for (value, why) in [
        (&text as &dyn Fn(usize) -> String, "512 bytes in a string"),
        (&bytes, "512 bytes in a value"),
        (&set, "512 bytes in a string"),
    ] {
        for place in ["f(VALUE);", "check if operation($o), $o == VALUE;"] {
            let with = |size| place.replace("VALUE", &value(size));
            bounded(&with(512), &with(513), why);
        }
    }
}

#[test]
fn the_work_of_all_caveats_of_a_block_is_counted_together() {
    // Three words that a request has several facts of: 32 * 32 * 32 combinations, each with its operators and once
    // more.
    let several = "arg($a, $x), arg($b, $y), arg($c, $z)";
    let query = |condition: &str| format!("{several}, {condition}");
    bounded(
        &format!("check if {};", query("$a == $b + $c")),
        &format!("check if {};", query("$a == ($b) + $c")),
        "too much work",
    );
    let one = query("$a == $b");
    bounded(&format!("check if {one};"), &format!("check if {one}; check if {one};"), "too much work");
    refused(&with_block(&format!("check if {one} or {one};")), "too much work");
    bounded(
        &format!("check if {several}, $a == $b;"),
        &format!("check if {several}, $a == $b, $b == $c;"),
        "too much work",
    );
    // A closure is evaluated for each member.
    let two = "arg($a, $x), arg($b, $y), effects($s)";
    bounded(
        &format!("check if {two}, $s.all($p -> $p == $a);"),
        &format!("check if {two}, $s.all($p -> $p == $a || $p == $b);"),
        "too much work",
    );
    // A pass's own words have as many facts as it states.
    let own = |name: &str, count| joined(count, " ", |n| format!("{name}({n});"));
    let product = "check if f($a), f($b), f($c), f($d), $a == $b;";
    bounded(&format!("{} {product}", own("f", 14)), &format!("{} {product}", own("f", 15)), "too much work");
    taken(&format!("{} f(1); {product}", own("g", 100)));
    // Ten facts for each of four words, and nineteen operators: the most that is allowed.
    let ones =
        |last: &str| format!("check if f($a), f($b), f($c), f($d), $a == {} + {last};", ["1"; 8].join(" + "));
    bounded(
        &format!("{} {}", own("f", 10), ones("1")),
        &format!("{} {}", own("f", 10), ones("(1)")),
        "too much work",
    );
}

#[test]
fn a_reserved_word_is_stated_and_asked_of_in_its_own_shape_alone() {
    for fact in [
        r#"redact("mail")"#,
        r#"redact("mail", "snippet", "x")"#,
        r#"redact("mail", 1)"#,
        r#"redact({"mail"}, "snippet")"#,
        r#"budget_effect("send", "*", "send", "3")"#,
    ] {
        refused(&with_block(&format!("{fact};")), "takes string");
    }
    let end = "check if time($t), $t <= 2027-01-01T00:00:00Z;";
    for fact in [
        r#"grant_effects("allow", "mail", {1, 2})"#,
        r#"grant_effects("allow", "mail", "read")"#,
        r#"grant_effects("allow", "mail", hex:ab)"#,
        r#"grant_effects("allow", "mail", {hex:ab, hex:cd})"#,
    ] {
        refused(&minted_with(&format!("{fact}; {end}")), "`grant_effects` takes string, string, set");
    }
    for (check, why) in [
        (r#"check if arg("q", "x", "y");"#, "`arg` takes string, string"),
        ("check if arg($a);", "`arg` takes string, string"),
        ("check if used($b, $n), $n < 3;", "needs a name from the pass"),
        ("check if f(1), unseen_count($k, 0);", "needs a name from the pass"),
        (r#"check if operation($o), holder_key("k");"#, "no request has it yet"),
    ] {
        refused(&with_block(check), why);
    }
    taken(r#"redact("mail", "snippet"); check if unseen_count("message", 0);"#);
}
