//! `--as ADDRESS`: as whom a pass may write. It holds for every message that a request sends, saves or puts into the
//! mailbox.
//!
//! A request without a message has no sender, and passes.

use biscuit_auth::builder::Term;
use biscuit_auth::macros::check;

use crate::caveats::flag::{Flag, Takes};
use crate::caveats::recipients;
use crate::caveats::said::{About, Says, ToldAs, listed};
use crate::caveats::term_error::TermError;
use crate::engine::caveat::{Binary, Caveat, Kind, Op, Unary};
use crate::request::decode::Address;
use crate::request::gather::word;
use crate::words::value::Value;

pub static AS: Flag = Flag {
    value: "ADDRESS",
    help: "Write only as this address; repeat it for more. A message that names no sender is from the account",
    title: "Write only as these addresses",
    wish: "the sender: the account, or another address of it",
    example: "me@example.com",
    read: |given, narrow| {
        let texts = given.of(&AS);
        if !texts.is_empty() {
            let known =
                texts.iter().map(|text| Ok(Term::Str(recipients::address(text)?.as_str().to_owned())));
            let known = Term::Set(known.collect::<Result<_, TermError>>()?);
            narrow.check(check!(r#"reject if sender($s), !{known}.contains($s)"#, known = known));
        }
        Ok(())
    },
    says: |caveat, _| {
        let who = leaves(caveat)?;
        let told = ToldAs::Line(About::Only, format!("from {who}"));
        Some(Says { sentence: format!("only these senders: {who}"), told })
    },
    facts: |gather, source| {
        let Ok(from) = &source.told.from else { return };
        let one = |address: &Address| [Value::str(address.as_str())];
        gather.say(word!("sender"), || from.senders.iter().map(one));
        gather.say_one(word!("sender_count"), || Value::count(from.senders.len()));
        gather.say(word!("reply_to"), || from.answers.iter().map(one));
        gather.say_one(word!("reply_to_count"), || Value::count(from.answers.len()));
    },
    ..Flag::named("as", Takes::Many)
};

/// The senders that such a check leaves.
fn leaves(caveat: &Caveat) -> Option<String> {
    let ([query], Kind::Reject) = (caveat.queries.as_slice(), caveat.kind) else { return None };
    let ([pattern], [condition]) = (query.patterns.as_slice(), query.expressions.as_slice()) else {
        return None;
    };
    match condition.as_slice() {
        [Op::Value(known), Op::Variable(_), Op::Binary(Binary::Contains), Op::Unary(Unary::Negate)]
            if &*pattern.name == "sender" =>
        {
            Some(listed(known.as_strings()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caveats::trial::*;

    #[test]
    fn a_message_is_from_these_senders() {
        let pass = trial(&AS, &["me@example.com"]);
        assert!(pass.says().contains("only from `me@example.com`"), "{}", pass.says());
        assert_eq!(pass.answers(SEND, &letter("Me <me@example.com>", "bob@example.com")), Ok(()));
        assert_eq!(pass.answers(LIST, ""), Ok(()), "a list has no sender");
        let other = pass.answers(SEND, &letter("boss@example.com", "bob@example.com"));
        assert_eq!(other.unwrap_err(), "only these senders: `me@example.com`");
    }

    #[test]
    fn a_value_that_is_no_address_is_refused() {
        assert!(refused(&AS, "me").starts_with("`me` is not an address"));
    }
}
