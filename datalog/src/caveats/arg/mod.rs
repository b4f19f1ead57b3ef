//! `--arg`: which arguments an operation may have.
//!
//! Closed world: once an operation's arguments are constrained, one that is not mentioned is denied. The
//! path's own parameters are mentioned by the operation. A name must be there, unless it ends in `?`.

pub(crate) mod bounds;
mod compose;
mod lex;
mod read;
pub(crate) mod sentence;
mod types;

use std::collections::BTreeSet;

use self::types::Arguments;
use crate::caveats::flag::{Again, Flag, Takes};
use crate::caveats::source::Source;
use crate::caveats::term_error::TermError;
use crate::request::argument::Scalar;
use crate::request::gather::{Gather, word};
use crate::words::value::Value;

pub static ARG: Flag = Flag {
    value: "OPERATION: CONDITIONS",
    help: "Allow an operation only with these arguments; others are denied, and `NAME?` may be left out",
    title: "With which arguments",
    wish: "which arguments (others are denied, `?` marks an optional one)",
    example: r#"gmail.users.messages.list: maxResults<=10, q = "is:unread", labelIds?"#,
    also: &["slack.chat.postMessage: channel = C0123ABCD, text"],
    again: Again::BySubject(operation),
    read: |given, narrow| {
        let read = |text: &String| read::read(text, given.reach);
        let all: Vec<Arguments> = given.of(&ARG).iter().map(read).collect::<Result<_, TermError>>()?;
        narrow.checks(compose::caveats(&all));
        Ok(())
    },
    says: |caveat, _| sentence::says(caveat),
    facts,
    ..Flag::named("arg", Takes::Many)
};

fn operation(text: &str) -> String {
    text.split(':').next().unwrap_or_default().to_owned()
}

fn facts(gather: &mut Gather, source: &Source<'_>) {
    let request = source.request;
    let arguments = &request.arguments;
    let names = || arguments.iter().map(|argument| argument.name.clone()).collect::<BTreeSet<_>>();
    gather.say(word!("arg_name"), || names().into_iter().map(|name| [Value::str(name)]));
    gather.say_one(word!("arg_count"), || Value::count(names().len()));
    gather.say(word!("arg_type"), || {
        let types: BTreeSet<_> = arguments.iter().map(|one| (one.name.clone(), one.value.kind())).collect();
        types.into_iter().map(|(name, kind)| [Value::str(name), Value::word(kind.as_str())])
    });
    let typed = |pick: fn(&Scalar) -> Option<Value>| {
        move || {
            arguments
                .iter()
                .filter_map(move |argument| Some([Value::str(argument.name.clone()), pick(&argument.value)?]))
        }
    };
    gather.say(
        word!("arg"),
        typed(|scalar| match scalar {
            Scalar::String(text) => Some(Value::str(text.as_str())),
            Scalar::Int(_) | Scalar::Bool(_) | Scalar::Other(_) => None,
        }),
    );
    gather.say(
        word!("arg_int"),
        typed(|scalar| match scalar {
            Scalar::Int(value) => Some(Value::Int(*value)),
            Scalar::String(_) | Scalar::Bool(_) | Scalar::Other(_) => None,
        }),
    );
    gather.say(
        word!("arg_bool"),
        typed(|scalar| match scalar {
            Scalar::Bool(value) => Some(Value::Bool(*value)),
            Scalar::String(_) | Scalar::Int(_) | Scalar::Other(_) => None,
        }),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caveats::trial::*;

    #[test]
    fn an_operation_has_these_arguments_and_no_others() {
        let pass =
            trial(&ARG, &[r#"gmail.users.messages.list: maxResults<=10, q contains "is:unread", labelIds?"#]);
        assert!(pass.says().contains("maxResults"), "{}", pass.says());
        let list = |query: &str| pass.answers(&format!("{LIST}?{query}"), "");
        assert_eq!(list("maxResults=10&q=is:unread%20from:bob"), Ok(()));
        assert_eq!(list("maxResults=10&q=is:unread&labelIds=INBOX"), Ok(()));
        for bad in [
            "maxResults=11&q=is:unread",
            "maxResults=10&q=from:bob",
            "maxResults=10",
            "maxResults=10&q=is:unread&pageToken=1",
        ] {
            assert!(list(bad).is_err(), "{bad}");
        }
        assert_eq!(
            pass.answers("GET /gmail/v1/users/me/messages/m1?format=full", ""),
            Ok(()),
            "another operation"
        );
    }

    #[test]
    fn a_value_that_is_no_constraint_is_refused() {
        for (bad, why) in [
            ("maxResults<=10", "expected `OPERATION: CONDITION, …`"),
            ("gmail.users.messages.list: maxResults<=ten", "expected a whole number, got `ten`"),
            ("gmail.users.messages.list: most<=10", "most"),
            ("gmail.users.messages.list: q = \"open", "a quote is not closed"),
        ] {
            let says = refused(&ARG, bad);
            assert!(says.contains("is not a constraint on arguments") && says.contains(why), "{says}");
        }
    }
}
