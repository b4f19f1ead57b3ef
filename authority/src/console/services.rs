//! The services of the catalog, and the effects of their operations.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use datalog::{Effect, Message, ServiceName};
use serde::Deserialize;

use super::frame::{Frame, Here, whole};
use super::guard::Fields;
use crate::app::AppError;
use crate::console::state::{Console, PageRoutes};

/// How many operations are shown at once.
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "services.html")]
struct ServicesPage {
    frame: Frame,
    services: Vec<KnownService>,
}

struct KnownService {
    name: String,
    title: String,
    operations: usize,
    hosts: String,
    is_reviewed: bool,
    effects: Vec<(Effect, usize)>,
}

#[derive(Template)]
#[template(path = "service.html")]
struct ServicePage {
    frame: Frame,
    service: KnownService,
    query: String,
    effect: String,
    rows: Vec<Operation>,
    /// How many operations match the filter, shown or not.
    count: usize,
}

struct Operation {
    id: String,
    address: String,
    effects: Vec<Effect>,
}

#[derive(Deserialize)]
struct ServicePath {
    name: String,
}

pub(super) fn routes() -> PageRoutes {
    vec![("/services", get(services)), ("/services/{name}", get(service))]
}

async fn services(State(console): State<Console>, frame: Frame) -> Response {
    let services = console.app.catalog().services().map(|service| known(service)).collect();
    let page = ServicesPage { frame: frame.on(Here::Services), services };
    whole(&page)
}

fn known(service: &datalog::catalog::Service) -> KnownService {
    let having = |effect| service.operations.iter().filter(|o| o.effects.contains(effect)).count();
    KnownService {
        name: service.name.to_string(),
        title: service.title.clone(),
        operations: service.operations.len(),
        hosts: service.hosts.join(", "),
        is_reviewed: service.reviewed,
        effects: Effect::ALL.into_iter().map(|e| (e, having(e))).filter(|(_, count)| *count > 0).collect(),
    }
}

async fn service(
    State(console): State<Console>,
    frame: Frame,
    Path(ServicePath { name }): Path<ServicePath>,
    RawQuery(query): RawQuery,
) -> Response {
    let frame = frame.on(Here::Services);
    let found =
        name.parse::<ServiceName>().ok().and_then(|name| console.app.catalog().service(&name).cloned());
    let Some(service) = found else {
        let error = AppError::not_found(
            Message::new("there is no such service").hint("`hallpass services import FILE` adds one"),
        );
        return frame.failed(&error);
    };
    let fields = Fields::of_query(query.as_deref().unwrap_or_default());
    let wanted = fields.one("q").to_lowercase();
    let effect: Option<Effect> = fields.one("effect").parse().ok();
    let fits = |operation: &&std::sync::Arc<datalog::catalog::Operation>| {
        let text = format!("{} {}", operation.id, operation.address()).to_lowercase();
        wanted.split_whitespace().all(|word| text.contains(word))
            && effect.is_none_or(|effect| operation.effects.contains(effect))
    };
    let fitting: Vec<_> = service.operations.iter().filter(fits).collect();
    let rows = fitting.iter().take(SHOWN).map(|operation| Operation {
        id: operation.id.to_string(),
        address: operation.address(),
        effects: operation.effects.iter().collect(),
    });
    let page = ServicePage {
        rows: rows.collect(),
        count: fitting.len(),
        service: known(&service),
        query: fields.one("q").to_owned(),
        effect: effect.map(|effect| effect.to_string()).unwrap_or_default(),
        frame,
    };
    whole(&page)
}
