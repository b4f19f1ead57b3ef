//! `hallpass can`: what a pass could ever do, or how it would answer one request. It works offline.
//!
//! The gateway's own code answers here. But nobody checks the pass's signature, revocations or budgets, so it shows
//! only what the pass says.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use datalog::can::{self, Possible, Row, Would};
use datalog::catalog::{Catalog, Service};
use datalog::transcript::world;
use datalog::{Connected, ConnectionName, Content, Message, RawRequest, Request};
use http::Method;
use serde::Serialize;
use time::OffsetDateTime;
use url::{Host, Url};

use super::failure::{Failure, FailureKind};
use super::pass_arg;
use super::plain::inline;
use super::table::{Cell, Table};
use super::term::Tone;
use crate::cli::context::Context;

/// Show what a pass could do, or how it would answer one request
///
/// Without METHOD and URL it prints a table of every operation on the pass's connections. With them it prints the decision
/// and the reason, and exits with 0 for allow, 2 for ask or deny. URL is the service's own, or the gateway's with the
/// connection in front.
#[derive(Debug, Args)]
#[command(
    override_usage = "hallpass can [OPTIONS] [PASS]\n       hallpass can [OPTIONS] [PASS] METHOD URL",
    after_help = "\
Examples:
  hallpass can \"$PASS\" --show allow
  hallpass can \"$PASS\" --tools
  hallpass can \"$PASS\" DELETE https://gmail.googleapis.com/gmail/v1/users/me/messages/18f0"
)]
pub(super) struct Can {
    /// The pass (`-` reads it from standard input; without one, HALLPASS_PASS counts), then a request's METHOD and URL
    #[arg(value_name = "PASS METHOD URL", num_args = 0..=3)]
    words: Vec<String>,
    /// Show only operations with this answer
    #[arg(long, value_name = "ANSWER")]
    show: Option<CanAnswer>,
    /// The connection of the request, if the URL does not tell
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,
    /// The file that holds the request's body
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// Print the tools that an MCP client sees under the pass, with the limits in their schemas
    #[arg(long, conflicts_with_all = ["show", "connection", "body", "datalog"])]
    tools: bool,
    /// Print the whole decision as Biscuit Datalog: any Biscuit tool reaches the same answer
    #[arg(long)]
    datalog: bool,
    /// The media type of the body
    #[arg(long, value_name = "TYPE", default_value = "application/json")]
    content_type: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CanAnswer {
    Allow,
    Ask,
    Deny,
}

impl CanAnswer {
    fn is(self, possible: Possible) -> bool {
        matches!(
            (self, possible),
            (Self::Allow, Possible::Allow) | (Self::Ask, Possible::Ask) | (Self::Deny, Possible::Deny)
        )
    }
}

/// The decision on one request, and the request as it was understood.
#[derive(Debug, Serialize)]
struct Judged {
    connection: String,
    operation: String,
    effects: datalog::Effects,
    digest: String,
    #[serde(flatten)]
    would: Would,
}

/// The decision as Datalog.
#[derive(Debug, Serialize)]
struct DecisionDatalog {
    datalog: String,
}

/// The request that the person asks about.
struct RequestLine<'a> {
    method: &'a str,
    url: &'a str,
}

impl Can {
    pub(super) fn run(&self, context: &Context) -> Result<ExitCode, Failure> {
        let (pass, request) = match self.words.as_slice() {
            [] => (None, None),
            [pass] => (Some(pass), None),
            [method, url] => (None, Some(RequestLine { method, url })),
            [pass, method, url, ..] => (Some(pass), Some(RequestLine { method, url })),
        };
        let content = pass_arg::content(pass.map(String::as_str), context)?;
        let catalog = crate::catalog::load(&context.home()?).map_err(Failure::failed)?;
        match request {
            None if self.datalog => {
                Err(Failure::usage("`--datalog` prints the decision on one request: expected METHOD and URL"))
            }
            None if self.tools => {
                super::tools::print(&content, &catalog, context).map(|()| ExitCode::SUCCESS)
            }
            Some(_) if self.tools => {
                Err(Failure::usage("`--tools` prints every tool of the pass: expected no METHOD and no URL"))
            }
            None => self.table(&content, &catalog, context),
            Some(line) => self.judge(&content, &catalog, &line, context),
        }
    }

    fn table(&self, content: &Content, catalog: &Catalog, context: &Context) -> Result<ExitCode, Failure> {
        let services: Vec<_> = catalog.services().cloned().collect();
        let mut rows = can::table(content, &services);
        rows.retain(|row| self.show.is_none_or(|wanted| wanted.is(row.possible)));
        rows.sort_by_key(|row| row.possible);
        context.term.result(&rows, || listing(&rows).render(&context.term))?;
        Ok(ExitCode::SUCCESS)
    }

    fn judge(
        &self,
        content: &Content,
        catalog: &Catalog,
        line: &RequestLine<'_>,
        context: &Context,
    ) -> Result<ExitCode, Failure> {
        let method = known_method(line.method)?;
        let url = Url::parse(line.url).map_err(|error| {
            Failure::usage(format!("expected a URL, got `{}`: {error}", line.url))
                .or_hint("for example https://gmail.googleapis.com/gmail/v1/users/me/messages")
        })?;
        let body = self.body()?;
        let target = self.target(content, catalog, &url)?;
        let raw = RawRequest {
            query: url.query(),
            content_type: self.body.is_some().then_some(self.content_type.as_str()),
            body: &body,
            ..RawRequest::new(method.as_str(), &target.path)
        };
        let request = target
            .service
            .classify(&target.connected.name, &target.connected.account, &raw)
            .map_err(|error| Failure::refused(Message::from(&error).after(error.code())))?;
        let now = context.clock.now();
        let judged = judged(content, &request, now);
        if self.datalog {
            let datalog = world(content, &request, &datalog::Context::default(), now);
            let world = DecisionDatalog { datalog };
            context.term.document(&world, || world.datalog.clone())?;
        } else {
            context.term.result(&judged, || sentences(&judged, context))?;
        }
        Ok(match judged.would.decision {
            Possible::Allow => ExitCode::SUCCESS,
            Possible::Ask | Possible::Deny => ExitCode::from(FailureKind::Refused.exit_code()),
        })
    }

    fn body(&self) -> Result<Vec<u8>, Failure> {
        let Some(file) = &self.body else { return Ok(Vec::new()) };
        std::fs::read(file)
            .map_err(|error| Failure::usage(format!("the body `{}` cannot be read: {error}", file.display())))
    }

    /// Returns the connection of a URL. If the URL is the gateway's, its first segment names the connection; otherwise
    /// its host tells.
    fn target<'a>(&self, content: &'a Content, catalog: &Catalog, url: &Url) -> Result<Target<'a>, Failure> {
        let named = |name: &str| content.connections.iter().find(|one| one.name.as_str() == name);
        let first = url.path_segments().and_then(|mut segments| segments.next()).and_then(named);
        let (connected, path) = match (&self.connection, first) {
            (Some(name), _) => {
                let found = named(name.as_str()).ok_or_else(|| unknown_connection(content, name.as_str()))?;
                (found, without_prefix(url, found))
            }
            (None, Some(first)) if is_local(url) => (first, without_prefix(url, first)),
            (None, _) => (by_host(content, catalog, url)?, url.path().to_owned()),
        };
        let service = catalog.service(&connected.service).cloned().ok_or_else(|| {
            Failure::failed(format!(
                "the pass is for the service `{}`, which this home does not know",
                connected.service
            ))
            .or_hint("`hallpass services import FILE` adds it")
        })?;
        Ok(Target { connected, service, path })
    }
}

struct Target<'a> {
    connected: &'a Connected,
    service: Arc<Service>,
    path: String,
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn without_prefix(url: &Url, connected: &Connected) -> String {
    let prefix = format!("/{}/", connected.name);
    match url.path().strip_prefix(&prefix) {
        Some(rest) if is_local(url) => format!("/{rest}"),
        _ => url.path().to_owned(),
    }
}

fn by_host<'a>(content: &'a Content, catalog: &Catalog, url: &Url) -> Result<&'a Connected, Failure> {
    let host = url.host_str().unwrap_or_default();
    let serves = |one: &&Connected| {
        catalog.service(&one.service).is_some_and(|service| {
            let own = service.operations.iter().map(|operation| &*operation.host);
            service.hosts.iter().map(String::as_str).chain(own).any(|known| known.eq_ignore_ascii_case(host))
        })
    };
    let mut found = content.connections.iter().filter(serves);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => {
            Err(Failure::usage(format!("more than one connection of the pass is for `{host}`"))
                .or_hint("name one with --connection"))
        }
        (None, _) => Err(Failure::refused(format!("no connection of the pass is for `{}`", inline(host)))
            .or_hint(known_connections(content))),
    }
}

fn unknown_connection(content: &Content, name: &str) -> Failure {
    Failure::usage(format!("the pass has no connection `{name}`")).or_hint(known_connections(content))
}

fn known_connections(content: &Content) -> String {
    let names: Vec<_> = content.connections.iter().map(|one| one.name.as_str()).collect();
    format!("the pass is for {}", names.join(", "))
}

fn known_method(text: &str) -> Result<Method, Failure> {
    let known = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    known.into_iter().find(|method| method.as_str() == text).ok_or_else(|| {
        Failure::usage(format!("expected GET, POST, PUT, PATCH or DELETE, got `{text}`"))
            .or_hint("the order is: hallpass can PASS METHOD URL")
    })
}

fn judged(content: &Content, request: &Request, now: OffsetDateTime) -> Judged {
    Judged {
        connection: request.connection.to_string(),
        operation: request.operation.id.to_string(),
        effects: request.effects,
        digest: request.digest().hex(),
        would: can::would(content, request, now),
    }
}

fn word(possible: Possible) -> (&'static str, Tone) {
    match possible {
        Possible::Allow => ("allow", Tone::Good),
        Possible::Ask => ("ask", Tone::Warn),
        Possible::Deny => ("deny", Tone::Bad),
    }
}

fn sentences(judged: &Judged, context: &Context) -> String {
    let (word, tone) = word(judged.would.decision);
    let word = context.term.colour().paint(tone, word);
    let mut text = format!("{word} {} on {} ({})\n", judged.operation, judged.connection, judged.effects);
    for reason in &judged.would.reasons {
        text.push_str(&format!("  expected {}, got {}\n", inline(&reason.expected), inline(&reason.got)));
    }
    text
}

fn listing(rows: &[Row]) -> Table<5> {
    let mut table = Table::new(["ANSWER", "CONNECTION", "OPERATION", "EFFECTS", "WHERE"]);
    for row in rows {
        let (word, tone) = word(row.possible);
        table.row([
            Cell::in_tone(word, tone),
            row.connection.as_str().into(),
            row.operation.as_str().into(),
            row.effects.to_string().into(),
            row.conditions.join("; ").into(),
        ]);
    }
    table
}
