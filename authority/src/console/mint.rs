//! Mints a pass: the form, a live table of what it would allow, and the pass itself, shown once.

use askama::Template;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use datalog::Message;
use datalog::can::{Possible, Row};
use datalog::inspect;
use datalog::says::Line;

use super::frame::{Frame, Here, whole};
use super::guard::Fields;
use super::mint_form::{Form, args, filled};
use crate::app::{ConnectionInfo, Minted, Preview};
use crate::console::state::{Console, PageRoutes};
use crate::templates::Template as Flags;
use crate::when;

/// How many operations of each answer are shown.
const SHOWN: usize = 40;

#[derive(Template)]
#[template(path = "mint.html")]
struct MintPage {
    frame: Frame,
    templates: Starts,
    form: Form,
    preview: Option<Result<Shown, Message>>,
}

/// The templates that the form can start from.
#[derive(Default)]
struct Starts {
    good: Vec<StartTemplate>,
    /// The errors of template files that cannot be read.
    wrong: Vec<Message>,
}

/// A template that the form can start from.
struct StartTemplate {
    name: String,
    about: String,
    /// The name, as an address holds it.
    query: String,
}

/// The words of the pass, and what it would allow.
struct Shown {
    says: Vec<Line>,
    warnings: Vec<Message>,
    caveats: Vec<inspect::InspectedCaveat>,
    /// The allowed operations, and those that ask first.
    answers: [Answers; 2],
    denied: usize,
}

/// The first operations with one answer.
struct Answers {
    title: &'static str,
    word: &'static str,
    tone: &'static str,
    rows: Vec<Row>,
    count: usize,
}

#[derive(Template)]
#[template(path = "minted.html")]
struct MintedPage {
    frame: Frame,
    pass: String,
    id: String,
    task: String,
    until: String,
    ends: String,
    says: Vec<Line>,
    warnings: Vec<Message>,
    connections: Vec<ConnectionInfo>,
}

pub(super) fn routes() -> PageRoutes {
    vec![("/mint", get(form).post(mint)), ("/mint/preview", post(preview))]
}

async fn form(State(console): State<Console>, frame: Frame, RawQuery(query): RawQuery) -> Response {
    let fields = Fields::of_query(query.as_deref().unwrap_or_default());
    match fields.one("template") {
        "" => show(&console, frame, &fields, StatusCode::OK),
        name => match console.app.template(name).and_then(|template| filled(&template)) {
            Ok(fields) => show(&console, frame, &fields, StatusCode::OK),
            Err(error) => wrong(&console, frame, &fields, Message::from(&error)),
        },
    }
}

/// Shows the form as the person sent it, with its errors.
fn wrong(console: &Console, frame: Frame, fields: &Fields, why: Message) -> Response {
    let (form, templates) = (Form::of(console, fields), starts(console));
    let page = MintPage { frame: frame.on(Here::Mint), templates, form, preview: Some(Err(why)) };
    crate::console::answer::page(StatusCode::BAD_REQUEST, &page)
}

/// Returns the templates that have a connection, and the errors of files that cannot be read.
fn starts(console: &Console) -> Starts {
    let connected = console.app.connections();
    let has = |service: &String| connected.iter().any(|one| one.service.as_str() == service);
    let mut starts = Starts::default();
    match console.app.templates() {
        Err(error) => starts.wrong.push(Message::from(&error)),
        Ok(shelf) => {
            for template in shelf.into_values() {
                match template {
                    Ok(template) if template.services().iter().all(has) => starts.good.push(start(template)),
                    Ok(_) => {}
                    Err(error) => starts.wrong.push(Message::from(&error)),
                }
            }
        }
    }
    starts
}

fn start(template: Flags) -> StartTemplate {
    StartTemplate {
        query: url::form_urlencoded::byte_serialize(template.name.as_bytes()).collect(),
        about: template.about().to_owned(),
        name: template.name,
    }
}

async fn preview(
    State(console): State<Console>,
    frame: Frame,
    Extension(fields): Extension<Fields>,
) -> Response {
    show(&console, frame, &fields, StatusCode::OK)
}

fn show(console: &Console, frame: Frame, fields: &Fields, status: StatusCode) -> Response {
    let form = Form::of(console, fields);
    // The person can see what the pass would allow even before it has a task.
    let mut args = args(fields);
    if args.task.is_empty() {
        args.task = "not named yet".into();
    }
    let preview = form
        .has_grants()
        .then(|| console.app.preview(&args).map(shown).map_err(|error| Message::from(&error)));
    let templates = starts(console);
    crate::console::answer::page(status, &MintPage { frame: frame.on(Here::Mint), templates, form, preview })
}

fn shown(preview: Preview) -> Shown {
    // Conditions that hold for every operation are listed once, above them.
    let of_all = |condition: &String| {
        let mut possible = preview.table.iter().filter(|row| row.possible != Possible::Deny);
        possible.all(|row| row.conditions.contains(condition))
    };
    let own = |row: &Row| {
        let conditions = row.conditions.iter().filter(|one| !of_all(one)).cloned().collect();
        Row { conditions, ..row.clone() }
    };
    let answers = |possible, title, word, tone| {
        let rows: Vec<Row> = preview.table.iter().filter(|row| row.possible == possible).map(own).collect();
        Answers { title, word, tone, count: rows.len(), rows: rows.into_iter().take(SHOWN).collect() }
    };
    let caveats = preview.says.blocks.into_iter().flat_map(|block| block.caveats).collect();
    Shown {
        says: preview.says.says,
        warnings: preview.warnings,
        caveats,
        answers: [
            answers(Possible::Allow, "Allowed", "allowed", "good"),
            answers(Possible::Ask, "Asked first", "asked", "warn"),
        ],
        denied: preview.table.iter().filter(|row| row.possible == Possible::Deny).count(),
    }
}

async fn mint(
    State(console): State<Console>,
    frame: Frame,
    Extension(fields): Extension<Fields>,
) -> Response {
    match console.app.mint(args(&fields)).await {
        Ok(minted) => once(&console, frame.on(Here::Mint), minted),
        Err(error) => wrong(&console, frame, &fields, Message::from(&error)),
    }
}

/// Answers with the pass in the page. No address shows the pass again.
fn once(console: &Console, frame: Frame, minted: Minted) -> Response {
    let says = inspect(&minted.pass).map(|inspection| inspection.says).unwrap_or_default();
    let is_in = |one: &ConnectionInfo| minted.info.connections.contains(&one.name);
    let page = MintedPage {
        id: minted.info.id.to_string(),
        until: when::at(minted.info.expires),
        ends: when::from_now(minted.info.expires, frame.now),
        task: minted.info.task,
        connections: console.app.connections().into_iter().filter(is_in).collect(),
        pass: minted.pass,
        warnings: minted.warnings,
        says,
        frame,
    };
    whole(&page)
}
