//! The form of a pass: its fields as a person filled them in, and as `mint` takes them.
//!
//! Each connection has one choice for each effect. Everything else that a pass can say is lines of text, in the words
//! of the command line.

use datalog::flags::{self, Flag, Takes};
use datalog::{Effect, Effects, MintArgs, Narrowing};

use super::guard::Fields;
use crate::console::state::Console;
use crate::templates::{Template, TemplateError};

/// The form as it is shown.
pub(super) struct Form {
    pub task: String,
    pub duration: String,
    pub grants: Vec<Grants>,
    /// The services that a template is for. No other part of the form uses them.
    pub services: String,
    /// The fields that are ticked or not.
    pub ticks: Vec<Tick>,
    /// The further fields, in the order in which they are shown.
    pub more: Vec<More>,
    /// Whether any of these fields holds something. Then they are shown open.
    pub is_open: bool,
}

/// What the pass may do on one connection.
pub(super) struct Grants {
    pub connection: String,
    pub account: String,
    pub service: String,
    pub effects: Vec<Choice>,
}

/// The choice for one effect.
pub(super) struct Choice {
    pub effect: &'static str,
    pub means: &'static str,
    /// How many operations have this effect.
    pub operations: usize,
    pub field: String,
    /// `allow`, `ask`, or nothing.
    pub chosen: &'static str,
}

/// A field that is ticked or not.
pub(super) struct Tick {
    pub name: &'static str,
    pub title: &'static str,
    pub is_set: bool,
}

/// A field that holds lines.
pub(super) struct More {
    pub name: &'static str,
    pub title: &'static str,
    pub example: &'static str,
    pub text: String,
}

impl More {
    /// Returns how many rows the field needs: one for each line, and one more.
    pub(super) fn rows(&self) -> usize {
        self.text.lines().count().clamp(1, 15) + 1
    }
}

/// The fields for grants that are not by effect: name, title, example.
const GRANTS: [(&str, &str, &str); 3] = [
    ("allow", "Allow operations", "gmail.users.drafts.create"),
    ("ask", "Ask a person before", "gmail.users.messages.send"),
    ("deny", "Deny, whatever else is allowed", "gmail.users.settings.*"),
];

/// Returns the fields that hold lines: the grants, then every flag that has no other kind of field.
fn fields_of_lines() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let of_lines = |flag: &&Flag| flag.takes != Takes::Nothing && flag.name != flags::FOR.name;
    let flags = flags::ALL.iter().copied().filter(of_lines);
    GRANTS.into_iter().chain(flags.map(|flag| (flag.name, flag.title, flag.example)))
}

/// Returns the flags whose fields are ticked or not.
fn ticked() -> impl Iterator<Item = &'static Flag> {
    flags::ALL.iter().copied().filter(|flag| flag.takes == Takes::Nothing)
}

fn means(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "looks, changes nothing",
        Effect::Write => "changes the account's own data",
        Effect::Send => "reaches other people",
        Effect::Share => "gives others lasting access",
        Effect::Delete => "removes",
        Effect::Run => "starts code, now or later",
        Effect::Secret => "its answer holds a credential",
        Effect::Admin => "changes the account's settings",
    }
}

impl Form {
    /// Returns the form, filled in with `fields`.
    pub(super) fn of(console: &Console, fields: &Fields) -> Self {
        let more: Vec<More> = fields_of_lines()
            .map(|(name, title, example)| More { name, title, example, text: fields.lines(name).join("\n") })
            .collect();
        let tick = |flag: &Flag| Tick {
            name: flag.name,
            title: flag.title,
            is_set: !fields.one(flag.name).is_empty(),
        };
        let ticks: Vec<Tick> = ticked().map(tick).collect();
        let duration = match fields.one(flags::FOR.name) {
            "" => "30m",
            duration => duration,
        };
        Self {
            task: fields.one("task").to_owned(),
            duration: duration.to_owned(),
            grants: grants(console, fields),
            services: fields.lines("services").join("\n"),
            is_open: more.iter().any(|more| !more.text.is_empty()) || ticks.iter().any(|tick| tick.is_set),
            more,
            ticks,
        }
    }

    /// Whether there is anything to mint a pass for.
    pub(super) fn has_grants(&self) -> bool {
        let chosen = self.grants.iter().flat_map(|grants| &grants.effects);
        let listed = self.more.iter().filter(|more| matches!(more.name, "allow" | "ask"));
        chosen.into_iter().any(|choice| !choice.chosen.is_empty())
            || listed.into_iter().any(|more| !more.text.is_empty())
    }
}

fn grants(console: &Console, fields: &Fields) -> Vec<Grants> {
    let connections = console.app.connections().into_iter();
    let of_one = |one: crate::app::ConnectionInfo| {
        let service = console.app.catalog().service(&one.service).cloned()?;
        let all =
            service.operations.iter().fold(Effects::NONE, |all, operation| all.union(operation.effects));
        let effects = all.iter().map(|effect| {
            let field = format!("grant.{}.{effect}", one.name);
            Choice {
                effect: effect.as_str(),
                means: means(effect),
                operations: service.operations.iter().filter(|o| o.effects.contains(effect)).count(),
                chosen: match fields.one(&field) {
                    "allow" => "allow",
                    "ask" => "ask",
                    _ => "",
                },
                field,
            }
        });
        Some(Grants {
            effects: effects.collect(),
            connection: one.name.to_string(),
            account: one.account.to_string(),
            service: service.title.clone(),
        })
    };
    connections.filter_map(of_one).collect()
}

/// Returns the arguments for `mint` that the fields say.
pub(super) fn args(fields: &Fields) -> MintArgs {
    let chosen = |answer: &str| {
        let grants = fields.below("grant.").filter(|(_, value)| *value == answer);
        let targets = grants.filter_map(|(target, _)| target.rsplit_once('.'));
        targets.map(|(connection, effect)| format!("{connection}:{effect}")).collect::<Vec<_>>()
    };
    MintArgs {
        task: fields.one("task").to_owned(),
        allow: [chosen("allow"), fields.lines("allow")].concat(),
        ask: [chosen("ask"), fields.lines("ask")].concat(),
        deny: fields.lines("deny"),
        services: fields.lines("services"),
        narrow: flags::ALL
            .iter()
            .fold(Narrowing::default(), |all, flag| all.with(flag, values(fields, flag))),
        ..MintArgs::default()
    }
}

/// Returns the form's values for a flag.
fn values(fields: &Fields, flag: &Flag) -> Vec<String> {
    match flag.takes {
        Takes::Many => fields.lines(flag.name),
        Takes::One | Takes::Nothing => {
            Some(fields.one(flag.name).to_owned()).filter(|text| !text.is_empty()).into_iter().collect()
        }
    }
}

/// Returns the fields as a template fills them in.
pub(super) fn filled(template: &Template) -> Result<Fields, TemplateError> {
    let lacks = Narrowing::default().with(&flags::RESOURCE, template.lacks());
    let args = template.clone().with(MintArgs { narrow: lacks, ..MintArgs::default() })?;
    let grants = [
        ("task", vec![args.task]),
        ("services", args.services),
        ("allow", args.allow),
        ("ask", args.ask),
        ("deny", args.deny),
    ];
    // A line of the form is one value. A file may write one value on several lines.
    let line = |text: &String| text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let lines = |flag: &&'static Flag| (flag.name, args.narrow.values(flag).iter().map(line).collect());
    let fields = grants.into_iter().chain(flags::ALL.iter().map(lines));
    Ok(Fields::filled(fields.map(|(name, lines): (_, Vec<String>)| (name.to_owned(), lines.join("\n")))))
}
