//! The form of a pass: its fields as a person filled them in, and as `mint` takes them.
//!
//! For each connection there is one choice an effect; everything else that a pass can say is lines of text in the words
//! of the command line.

use datalog::{Effect, Effects, MintArgs, Narrowing};

use super::Console;
use super::guard::Fields;
use crate::templates::{Template, TemplateError};

/// The form as it is shown.
pub(super) struct Form {
    pub task: String,
    pub duration: String,
    pub grants: Vec<Grants>,
    /// What a template keeps to; nothing else asks for it.
    pub services: String,
    pub only_in_thread: bool,
    /// The further fields, in the order in which they are shown.
    pub more: Vec<More>,
    /// Whether any of them says something, so that they are shown open.
    pub is_open: bool,
}

/// What may be done on one connection.
pub(super) struct Grants {
    pub connection: String,
    pub account: String,
    pub service: String,
    pub effects: Vec<Choice>,
}

/// The answer for one effect.
pub(super) struct Choice {
    pub effect: &'static str,
    pub means: &'static str,
    /// How many operations have it.
    pub operations: usize,
    pub field: String,
    /// `allow`, `ask`, or nothing.
    pub chosen: &'static str,
}

/// A field of lines.
pub(super) struct More {
    pub name: &'static str,
    pub title: &'static str,
    pub example: &'static str,
    pub text: String,
}

impl More {
    /// Room for what stands in it, and a line more.
    pub(super) fn rows(&self) -> usize {
        self.text.lines().count().clamp(1, 15) + 1
    }
}

/// Name, title and example of each further field.
const MORE: [(&str, &str, &str); 16] = [
    ("allow", "Allow operations", "gmail.users.drafts.create"),
    ("ask", "Ask a person before", "gmail.users.messages.send"),
    ("deny", "Deny, whatever else is allowed", "gmail.users.settings.*"),
    ("to", "Reach only these addresses", "alice@example.com"),
    ("to_domains", "Reach only these domains", "example.com"),
    ("resources", "Touch only these things", "repo=octo/hello"),
    ("only_seen", "Touch only what an answer has shown", "message"),
    ("only_created", "Touch only what this pass created", "draft"),
    ("newer_than", "Show only what is this new", "24h"),
    ("max_items", "Show at most so many items of an answer", "20"),
    ("redact", "Never show these fields", "payload.body"),
    ("limits", "How often", "send=3"),
    ("args", "With which arguments", "gmail.users.messages.list: maxResults<=10"),
    ("not_before", "Hold only from then on", "2030-01-31T09:00:00Z"),
    ("during", "Within which hours", "mon-fri 09:00-17:00 Europe/Berlin"),
    ("checks", "Further checks, in Datalog", "check if effects($e), !$e.contains(\"send\")"),
];

const IN_THREAD: &str = "to_thread_participants";

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
    /// The form with what `fields` say in it.
    pub(super) fn of(console: &Console, fields: &Fields) -> Self {
        let more: Vec<More> = MORE
            .iter()
            .map(|(name, title, example)| More { name, title, example, text: fields.lines(name).join("\n") })
            .collect();
        let duration = match fields.one("duration") {
            "" => "30m",
            duration => duration,
        };
        Self {
            task: fields.one("task").to_owned(),
            duration: duration.to_owned(),
            grants: grants(console, fields),
            services: fields.lines("services").join("\n"),
            only_in_thread: !fields.one(IN_THREAD).is_empty(),
            is_open: more.iter().any(|more| !more.text.is_empty()) || !fields.one(IN_THREAD).is_empty(),
            more,
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

/// What `mint` is asked for.
pub(super) fn args(fields: &Fields) -> MintArgs {
    let chosen = |answer: &str| {
        let grants = fields.below("grant.").filter(|(_, value)| *value == answer);
        let targets = grants.filter_map(|(target, _)| target.rsplit_once('.'));
        targets.map(|(connection, effect)| format!("{connection}:{effect}")).collect::<Vec<_>>()
    };
    let given = |name: &str| Some(fields.one(name).to_owned()).filter(|text| !text.is_empty());
    MintArgs {
        task: fields.one("task").to_owned(),
        allow: [chosen("allow"), fields.lines("allow")].concat(),
        ask: [chosen("ask"), fields.lines("ask")].concat(),
        deny: fields.lines("deny"),
        services: fields.lines("services"),
        // Every field by name, so that a new one is not forgotten here.
        narrow: Narrowing {
            duration: given("duration"),
            not_before: given("not_before"),
            to: fields.lines("to"),
            to_domains: fields.lines("to_domains"),
            to_thread_participants: !fields.one(IN_THREAD).is_empty(),
            resources: fields.lines("resources"),
            args: fields.lines("args"),
            only_seen: fields.lines("only_seen"),
            only_created: fields.lines("only_created"),
            newer_than: fields.lines("newer_than"),
            max_items: fields.lines("max_items"),
            redact: fields.lines("redact"),
            during: fields.lines("during"),
            limits: fields.lines("limits"),
            checks: fields.lines("checks"),
        },
        ..MintArgs::default()
    }
}

/// The fields as a template fills them in.
pub(super) fn filled(template: &Template) -> Result<Fields, TemplateError> {
    let resources = template.lacks().collect();
    let lacks = Narrowing { resources, ..Narrowing::default() };
    let args = template.clone().with(MintArgs { narrow: lacks, ..MintArgs::default() })?;
    let grants = [
        ("task", vec![args.task]),
        ("services", args.services),
        ("allow", args.allow),
        ("ask", args.ask),
        ("deny", args.deny),
    ];
    let fields = grants.into_iter().chain(narrowed(args.narrow));
    Ok(Fields::filled(fields.map(|(name, lines)| (name.to_owned(), lines.join("\n")))))
}

fn narrowed(narrow: Narrowing) -> [(&'static str, Vec<String>); 15] {
    // Every field by name, so that a new one is not forgotten here.
    let Narrowing {
        duration,
        not_before,
        to,
        to_domains,
        to_thread_participants,
        resources,
        args,
        only_seen,
        only_created,
        newer_than,
        max_items,
        redact,
        during,
        limits,
        checks,
    } = narrow;
    [
        ("duration", duration.into_iter().collect()),
        ("not_before", not_before.into_iter().collect()),
        ("to", to),
        ("to_domains", to_domains),
        (IN_THREAD, to_thread_participants.then(|| "yes".to_owned()).into_iter().collect()),
        ("resources", resources),
        // A line of the form is one argument; a file may break it over several.
        ("args", args.iter().map(|arg| arg.split_whitespace().collect::<Vec<_>>().join(" ")).collect()),
        ("only_seen", only_seen),
        ("only_created", only_created),
        ("newer_than", newer_than),
        ("max_items", max_items),
        ("redact", redact),
        ("during", during),
        ("limits", limits),
        ("checks", checks),
    ]
}
