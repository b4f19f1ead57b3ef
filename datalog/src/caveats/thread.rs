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
