//! `--to` and `--to-domain`: whom a request may reach. Both together are one check.

use std::collections::BTreeSet;

use biscuit_auth::builder::{Binary as Apply, Check, Expression, Op as Step, Term, Unary as Turn};
use biscuit_auth::macros::check;

use crate::caveats::flag::{Flag, Given, Takes};
use crate::caveats::grants::set;
use crate::caveats::said::{About, Says, ToldAs};
use crate::caveats::source::Source;
use crate::caveats::term_error::{TermError, wrong};
use crate::engine::caveat::{Binary, Caveat, Kind, Op, Unary};
use crate::request::decode::{self, Address};
use crate::request::gather::{Gather, word};
use crate::words::value::Value;

pub static TO: Flag = Flag {
    value: "ADDRESS",
    help: "Reach only this address. Repeat it, or add --to-domain, for more",
    title: "Reach only these addresses",
    wish: "which addresses may get mail, invitations and files",
    example: "alice@example.com",
    read: |given, narrow| {
        narrow.checks(read(given)?);
        Ok(())
    },
    says: |caveat, _| {
        let who = leaves(caveat)?.join(", ");
        let told = ToldAs::Line(About::Only, format!("to {who}"));
        Some(Says { sentence: format!("only these recipients: {who}"), told })
    },
    facts,
    ..Flag::named("to", Takes::Many)
};

/// Read, told and known with `--to`.
pub static TO_DOMAIN: Flag = Flag {
    value: "DOMAIN",
    help: "Reach only addresses of this domain. Repeat it, or add --to, for more",
    title: "Reach only these domains",
    wish: "which domains may get them",
    example: "example.com",
    ..Flag::named("to-domain", Takes::Many)
};

fn read(given: &Given<'_>) -> Result<Option<Check>, TermError> {
    let addresses: Vec<Address> =
        given.of(&TO).iter().map(|text| address(text)).collect::<Result<_, TermError>>()?;
    let domain = |text: &String| {
        let plain = text.strip_prefix('@').unwrap_or(text).to_ascii_lowercase();
        if decode::is_domain(&plain) {
            Ok(plain)
        } else {
            let says = "is not a domain: expected a name such as example.com (an international one as xn--…)";
            Err(wrong(text, says))
        }
    };
    let domains: Vec<String> = given.of(&TO_DOMAIN).iter().map(domain).collect::<Result<_, _>>()?;
    Ok(no_others(&addresses, &domains))
}

pub(crate) fn address(text: &str) -> Result<Address, TermError> {
    let says = "is not an address: expected a plain `local@domain` of ASCII letters";
    text.parse().map_err(|_| wrong(text, says).into())
}

/// Holds where nobody is reached but these addresses, and everybody at these domains.
fn no_others(addresses: &[Address], domains: &[String]) -> Option<Check> {
    if addresses.is_empty() && domains.is_empty() {
        return None;
    }
    let known = set(addresses.iter().map(Address::as_str));
    let mut caveat = check!(r#"reject if recipient($r), !{known}.contains($r)"#, known = known);
    for domain in domains {
        let elsewhere = vec![
            Step::Value(Term::Variable("r".into())),
            Step::Value(Term::Str(format!("@{domain}"))),
            Step::Binary(Apply::Suffix),
            Step::Unary(Turn::Negate),
        ];
        for query in &mut caveat.queries {
            query.expressions.push(Expression { ops: elsewhere.clone() });
        }
    }
    Some(caveat)
}

/// Whom such a check leaves, in words.
fn leaves(caveat: &Caveat) -> Option<Vec<String>> {
    let ([query], Kind::Reject) = (caveat.queries.as_slice(), caveat.kind) else { return None };
    let [pattern] = query.patterns.as_slice() else { return None };
    if &*pattern.name != "recipient" {
        return None;
    }
    let mut who = Vec::new();
    for condition in &query.expressions {
        match condition.as_slice() {
            [
                Op::Value(Value::Set(items)),
                Op::Variable(_),
                Op::Binary(Binary::Contains),
                Op::Unary(Unary::Negate),
            ] => {
                who.extend(items.iter().filter_map(|item| Some(format!("`{}`", item.as_str()?))));
            }
            [Op::Variable(_), Op::Value(domain), Op::Binary(Binary::Suffix), Op::Unary(Unary::Negate)] => {
                let domain = domain.as_str()?.strip_prefix('@')?;
                who.push(format!("anybody at `{domain}`"));
            }
            _ => return None,
        }
    }
    Some(who)
}

fn facts(gather: &mut Gather, source: &Source<'_>) {
    let Ok(reached) = &source.told.reached else { return };
    let all = &reached.recipients;
    gather.say(word!("recipient"), || all.iter().map(|address| [Value::str(address.as_str())]));
    gather.say(word!("recipient_domain"), || {
        let domains: BTreeSet<&str> = all.iter().map(Address::domain).collect();
        domains.into_iter().map(|domain| [Value::str(domain)])
    });
    gather.say_one(word!("recipient_count"), || Value::count(all.len()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caveats::trial::*;

    #[test]
    fn nobody_else_is_reached() {
        let pass = trial(&TO, &["bob@example.com"]);
        assert!(pass.says().contains("only to `bob@example.com`"), "{}", pass.says());
        assert_eq!(pass.answers(SEND, &letter("me@example.com", "Bob <BOB@example.com>")), Ok(()));
        assert_eq!(pass.answers(LIST, ""), Ok(()), "a list reaches nobody");
        for other in ["eve@example.com", "bob@example.com, eve@evil.example", "bob@example.com.evil.example"]
        {
            let expected = pass.answers(SEND, &letter("me@example.com", other)).unwrap_err();
            assert_eq!(expected, "only these recipients: `bob@example.com`", "{other}");
        }
    }

    #[test]
    fn everybody_at_the_domain_is_reached_and_nobody_below_or_beside_it() {
        let pass = trial(&TO_DOMAIN, &["@Example.com"]);
        assert!(pass.says().contains("only to anybody at `example.com`"), "{}", pass.says());
        assert_eq!(pass.answers(SEND, &letter("me@example.com", "bob@example.com")), Ok(()));
        for other in ["bob@mail.example.com", "bob@notexample.com"] {
            assert!(pass.answers(SEND, &letter("me@example.com", other)).is_err(), "{other}");
        }
    }

    #[test]
    fn a_value_that_is_no_address_or_domain_is_refused() {
        assert!(refused(&TO, "bob").starts_with("`bob` is not an address: expected a plain `local@domain`"));
        assert!(refused(&TO_DOMAIN, "a b").starts_with("`a b` is not a domain: expected a name"));
    }
}
