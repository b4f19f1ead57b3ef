//! Effects and their sources. The source is a reviewer's list or, without one, the method, the words of the operation's
//! name and address, and the names in its answer.
//!
//! In doubt the stronger effect counts: a word can add an effect, and none can remove one. A GET counts as only
//! reading, unless its name says that it acts.

use std::fmt;

use crate::catalog::description::OperationLine;
use crate::words::effect::Effect;

/// Why an operation has an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    pub effect: Effect,
    pub because: Because,
}

/// The source of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// The overlay lists the operation's effects.
    Listed,
    /// A rule of the overlay names the operation.
    Rule,
    Method(Box<str>),
    /// A word of the name or the address.
    Word(Box<str>),
    /// A field of the answer.
    Answer(Box<str>),
    /// Nothing excludes the effect.
    Unknown,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed => f.write_str("listed in the overlay"),
            Self::Rule => f.write_str("a rule of the overlay"),
            Self::Method(method) => write!(f, "{method}"),
            Self::Word(word) => write!(f, "`{word}` in its name"),
            Self::Answer(name) => write!(f, "`{name}` in its answer"),
            Self::Unknown => f.write_str("nothing says that it does not"),
        }
    }
}

/// First words of a method's name that mean an action.
const ACTS: [(Effect, &str); 5] = [
    (
        Effect::Delete,
        "delete remove purge destroy erase clear wipe trash drop unlink uninstall deregister \
         revoke cancel",
    ),
    (
        Effect::Write,
        "create add insert update set put patch edit save modify replace rename move copy import \
         upload reset restore enable disable activate deactivate lock unlock archive mark approve \
         reject accept confirm close reopen assign unassign subscribe unsubscribe follow unfollow \
         vote upvote like toggle switch open pause resume retry rollback sync refresh reload rotate \
         generate claim redeem buy pay order book submit apply attach detach merge swap join leave \
         ban mute block unblock logout login signout write register",
    ),
    (Effect::Send, "send resend notify publish invite reply forward broadcast dial"),
    (Effect::Share, "share grant transfer watch"),
    (Effect::Run, "run execute exec trigger dispatch deploy invoke start stop restart reboot"),
];

/// The words of `ACTS` that are as often things as actions at the end of a path.
const THINGS: &str = "archive book copy forward import like lock mark move order reply restore run set \
     share start stop trash";

/// Words anywhere in the name or address of an operation that changes something.
const ABOUT: [(Effect, &str); 5] = [
    (Effect::Delete, "delete remove purge destroy erase clear wipe trash drop revoke cancel"),
    (
        Effect::Send,
        "send notify notification notifications email emails mail message messages comment \
         comments reply replies sms invite invitation invitations publish broadcast",
    ),
    (
        Effect::Share,
        "share shares sharing permission permissions grant grants acl acls iam collaborator \
         collaborators member members membership memberships invite invitation invitations \
         webhook webhooks hook hooks watch subscribe subscription subscriptions delegate \
         delegates forwarding transfer publish public access visibility",
    ),
    (
        Effect::Run,
        "run runs execute execution executions exec trigger triggers dispatch dispatches deploy \
         deployment deployments invoke job jobs build builds workflow workflows function \
         functions script scripts pipeline pipelines start restart reboot",
    ),
    (
        Effect::Admin,
        "admin administrator setting settings policy policies role roles iam billing quota quotas \
         sso security configuration config",
    ),
];

/// Words for things that hold a credential. They count whatever the operation does.
const SECRETS: &str = "token tokens secret secrets credential credentials password passwords passkey \
     passkeys apikey apikeys keys privatekey";

/// The effects of an operation that nobody reviewed.
pub(crate) fn at_worst(line: &OperationLine) -> Vec<Basis> {
    let (method, path) = line.at.split_once(' ').unwrap_or_default();
    let last = line.op.rsplit(['.', '/']).next().unwrap_or(&line.op);
    let name = words(last);
    let literals: Vec<Vec<String>> = literals(path).map(words).collect();
    let mut found = by_method(line);
    if method == "GET" {
        let ends_in = path.rsplit('/').next().filter(|segment| !segment.contains('{')).map(words);
        let deed = ends_in.iter().filter_map(|words| words.first()).filter(|word| !has(THINGS, word));
        for word in name.first().into_iter().chain(deed) {
            if let Some((effect, _)) = ACTS.iter().find(|(_, words)| has(words, word)) {
                add(&mut found, Effect::Write, Because::Word(word.as_str().into()));
                add(&mut found, *effect, Because::Word(word.as_str().into()));
            }
        }
    } else {
        for word in name.iter().chain(literals.iter().flatten()) {
            for (effect, _) in ABOUT.iter().filter(|(_, words)| has(words, word)) {
                add(&mut found, *effect, Because::Word(word.as_str().into()));
            }
        }
        if method == "POST" {
            add(&mut found, Effect::Send, Because::Unknown);
        }
    }
    let mut all = name.iter().chain(literals.iter().flatten());
    if let Some(word) = all.find(|word| has(SECRETS, word)) {
        add(&mut found, Effect::Secret, Because::Word(word.as_str().into()));
    }
    if let Some(name) = line.answers.first() {
        add(&mut found, Effect::Secret, Because::Answer(name.as_str().into()));
    }
    found
}

/// GET reads, DELETE deletes, the others write.
pub(crate) fn by_method(line: &OperationLine) -> Vec<Basis> {
    let method = line.at.split(' ').next().unwrap_or_default();
    let effect = match method {
        "GET" => Effect::Read,
        "DELETE" => Effect::Delete,
        _ => Effect::Write,
    };
    vec![Basis { effect, because: Because::Method(method.into()) }]
}

/// Adds an effect with its reason. Of several reasons for one effect, the first is kept.
pub(crate) fn add(found: &mut Vec<Basis>, effect: Effect, because: Because) {
    if found.iter().all(|basis| basis.effect != effect) {
        found.push(Basis { effect, because });
    }
}

fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

/// The text between a path's parameters.
fn literals(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').flat_map(|segment| {
        let inside = segment.split('{').enumerate();
        inside.map(|(place, piece)| match place {
            0 => piece,
            _ => piece.split_once('}').map_or("", |(_, after)| after),
        })
    })
}

/// The words of a name in lower case. `getUserById` and `get_user-by.id` have the same words.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars() {
        let begins =
            !before.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && before.is_ascii_lowercase());
        if c.is_ascii_alphanumeric() {
            match words.last_mut() {
                Some(word) if !begins => word.push(c.to_ascii_lowercase()),
                _ => words.push(c.to_ascii_lowercase().to_string()),
            }
        }
        before = c;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effects(op: &str, at: &str, answers: &[&str]) -> String {
        let line = OperationLine {
            op: op.into(),
            at: at.into(),
            answers: answers.iter().map(ToString::to_string).collect(),
            ..OperationLine::default()
        };
        let mut found: Vec<&str> = at_worst(&line).iter().map(|basis| basis.effect.as_str()).collect();
        found.sort_unstable();
        found.join(" ")
    }

    #[test]
    fn what_is_not_known_is_the_stronger_effect() {
        for (op, at, expected) in [
            ("pets.list", "GET /pets", "read"),
            ("getPetById", "GET /pets/{id}", "read"),
            ("listDeletedPets", "GET /pets/deleted", "read"),
            ("pets.trash", "GET /pets/trash", "delete read write"),
            ("get/pets/{id}/delete", "GET /pets/{id}/delete", "delete read write"),
            ("logout", "GET /session/logout", "read write"),
            ("sendReport", "GET /report", "read send write"),
            ("jobs.run", "GET /jobs/{id}/run", "read run write"),
            ("pets.create", "POST /pets", "send write"),
            ("pets.search", "POST /pets/search", "send write"),
            ("pets.removeAll", "POST /pets:removeAll", "delete send write"),
            ("pets.setIamPolicy", "POST /pets/{resource}:setIamPolicy", "admin send share write"),
            ("pets.members.add", "PUT /pets/{id}/members/{user}", "share write"),
            ("messages.patch", "PATCH /messages/{id}", "send write"),
            ("builds.start", "PUT /builds/{id}", "run write"),
            ("tokens.list", "GET /tokens", "read secret"),
            ("pets.delete", "DELETE /pets/{id}", "delete"),
        ] {
            assert_eq!(effects(op, at, &[]), expected, "{op} {at}");
        }
        assert_eq!(effects("session.get", "GET /session", &["access_token"]), "read secret");
    }
}
