//! `--to-thread-participants`: replies only, to people already in the thread.

use biscuit_auth::builder::Check;
use biscuit_auth::macros::check;

use crate::caveats::flag::{Flag, Takes};
use crate::caveats::said::{About, Says, ToldAs};
use crate::request::gather::word;
use crate::words::value::Value;

pub static TO_THREAD_PARTICIPANTS: Flag = Flag {
    help: "Reach only people who are in the thread already. Combine it with --to and --to-domain",
    title: "Send only to people already in the thread",
    wish: "only replies, to people already in the thread",
    read: |given, narrow| {
        if !given.of(&TO_THREAD_PARTICIPANTS).is_empty() {
            narrow.check(all_in_thread());
        }
        Ok(())
    },
    says: |caveat, _| {
        if !caveat.mentions("thread_participants") || !caveat.is_of(&all_in_thread()) {
            return None;
        }
        let told = ToldAs::Line(About::Only, "to people already in the thread".into());
        Some(Says { sentence: "only recipients who are in the thread already".into(), told })
    },
    facts: |gather, source| {
        let Ok(all) = &source.told.participants else { return };
        gather.say(word!("thread_participant"), || all.iter().map(|address| [Value::str(address.as_str())]));
        gather.say_one(word!("thread_participants"), || {
            Value::set(all.iter().map(|address| Value::str(address.as_str())))
        });
    },
    ..Flag::named("to-thread-participants", Takes::Nothing)
};

/// Holds where everybody who is reached takes part in the thread that the message goes into. The count stands
/// beside it, because nobody is a member of nothing.
fn all_in_thread() -> Check {
    check!(r#"check all recipient($r), thread_participants($p), $p.contains($r) or recipient_count(0)"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caveats::trial::*;

    const THREAD: &str = r#"{"id":"t1","messages":[{"id":"m","labelIds":["INBOX"],"payload":{"headers":[
        {"name":"From","value":"bob@example.com"},{"name":"To","value":"me@example.com"}]}}]}"#;

    fn reply(to: &str) -> String {
        letter("me@example.com", to).replacen('{', r#"{"threadId":"t1","#, 1)
    }

    #[test]
    fn only_people_in_the_thread_are_reached() {
        let pass = trial(&TO_THREAD_PARTICIPANTS, &["true"]);
        assert!(pass.says().contains("only to people already in the thread"), "{}", pass.says());
        assert_eq!(pass.answers_where(THREAD, SEND, &reply("bob@example.com")), Ok(()));
        let expected = "only recipients who are in the thread already";
        let strange = pass.answers_where(THREAD, SEND, &reply("eve@example.com"));
        assert_eq!(strange.unwrap_err(), expected);
        let new = pass.answers_where(THREAD, SEND, &letter("me@example.com", "bob@example.com"));
        assert_eq!(new.unwrap_err(), expected, "a letter that begins a thread");
    }
}
