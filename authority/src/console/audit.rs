//! The audit log: filtered, one line a record, with the proof that nobody edited it.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use datalog::Message;

use super::frame::{Frame, Here, whole};
use super::guard::Fields;
use super::line::{ListLine, lines};
use crate::app::{AppError, LogQuery, LogVerification};
use crate::console::state::{Console, PageRoutes};

const PAGE: u32 = 100;
const LONGEST: u32 = 1_000;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    filter: Filter,
    lines: Vec<ListLine>,
    wrong: Option<Message>,
    verified: Option<LogVerification>,
    connections: Vec<String>,
    head: u64,
}

/// The filter, as the person filled it in.
#[derive(Default)]
struct Filter {
    pass: String,
    connection: String,
    operation: String,
    decision: String,
    kind: String,
    limit: u32,
    /// The address of the same list with more records, if there may be more.
    longer: Option<String>,
}

pub(super) const KINDS: [(&str, &str); 4] =
    [("", "everything"), ("intent", "sent"), ("refusal", "refused"), ("event", "changes")];

impl AuditPage {
    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &KINDS
    }
}

pub(super) fn routes() -> PageRoutes {
    vec![("/audit", get(audit)), ("/audit/verify", post(verify))]
}

async fn audit(State(console): State<Console>, frame: Frame, RawQuery(query): RawQuery) -> Response {
    let fields = Fields::of_query(query.as_deref().unwrap_or_default());
    show(&console, frame, Filter::of(&fields), None).await
}

async fn verify(State(console): State<Console>, frame: Frame) -> Response {
    match console.app.verify_log().await {
        Ok(found) => show(&console, frame, Filter::of(&Fields::default()), Some(found)).await,
        Err(error) => frame.on(Here::Audit).failed(&error),
    }
}

async fn show(
    console: &Console,
    frame: Frame,
    mut filter: Filter,
    verified: Option<LogVerification>,
) -> Response {
    let frame = frame.on(Here::Audit);
    let records = match filter.query() {
        Ok(query) => console.app.log(query).await,
        Err(error) => Err(error),
    };
    let (records, wrong) = match records {
        Ok(records) => (records, None),
        Err(error) => (Vec::new(), Some(Message::from(&error))),
    };
    if records.len() >= filter.limit as usize && filter.limit < LONGEST {
        filter.longer = Some(filter.address(LONGEST));
    }
    let page = AuditPage {
        lines: lines(&records, frame.now),
        connections: console.app.connections().into_iter().map(|one| one.name.to_string()).collect(),
        head: *console.app.log_head().borrow(),
        frame,
        filter,
        wrong,
        verified,
    };
    whole(&page)
}

impl Filter {
    fn of(fields: &Fields) -> Self {
        let text = |name| fields.one(name).to_owned();
        Self {
            pass: text("pass"),
            connection: text("connection"),
            operation: text("operation"),
            decision: text("decision"),
            kind: text("kind"),
            limit: fields.one("limit").parse().unwrap_or(PAGE).clamp(1, LONGEST),
            longer: None,
        }
    }

    fn query(&self) -> Result<LogQuery, AppError> {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Ok(LogQuery {
            limit: Some(self.limit),
            pass: some(&self.pass).map(|id| id.parse()).transpose().map_err(AppError::invalid)?,
            connection: some(&self.connection)
                .map(|name| name.parse())
                .transpose()
                .map_err(AppError::invalid)?,
            operation: some(&self.operation),
            decision: some(&self.decision),
            kind: some(&self.kind),
            ..LogQuery::default()
        })
    }

    /// Whether the filter filters anything.
    fn is_set(&self) -> bool {
        [&self.pass, &self.connection, &self.operation, &self.decision, &self.kind]
            .iter()
            .any(|t| !t.is_empty())
    }

    fn address(&self, limit: u32) -> String {
        let mut pairs = url::form_urlencoded::Serializer::new("audit?".to_owned());
        let texts = [
            ("pass", &self.pass),
            ("connection", &self.connection),
            ("operation", &self.operation),
            ("decision", &self.decision),
            ("kind", &self.kind),
        ];
        for (name, text) in texts {
            if !text.is_empty() {
                pairs.append_pair(name, text);
            }
        }
        pairs.append_pair("limit", &limit.to_string());
        pairs.finish()
    }
}
