//! A case: a pass, its requests, the upstream's answers, and the result that every surface must give.

use datalog::{MintArgs, Narrowing};
use verifier::Limits;

use crate::common::{Seen, Stage, Step, json};

/// A request, as its agent means it.
#[derive(Debug, Clone)]
pub(super) struct Meant {
    pub connection: &'static str,
    pub method: &'static str,
    /// The service's own path.
    pub path: String,
    pub query: Option<String>,
    pub headers: Vec<(&'static str, String)>,
    pub content_type: Option<&'static str>,
    pub body: Vec<u8>,
    /// How many seconds to wait for a person.
    pub wait: u64,
}

pub(super) fn get(connection: &'static str, path: &str) -> Meant {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    Meant {
        connection,
        method: "GET",
        path: path.to_owned(),
        query: query.map(str::to_owned),
        headers: Vec::new(),
        content_type: None,
        body: Vec::new(),
        wait: 0,
    }
}

pub(super) fn post(connection: &'static str, path: &str, body: &str) -> Meant {
    let content_type = (!body.is_empty()).then_some("application/json");
    Meant { method: "POST", content_type, body: body.as_bytes().to_vec(), ..get(connection, path) }
}

impl Meant {
    pub(super) fn by(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    pub(super) fn of_type(self, content_type: &'static str) -> Self {
        Self { content_type: Some(content_type), ..self }
    }

    pub(super) fn with(mut self, header: &'static str, value: &str) -> Self {
        self.headers.push((header, value.to_owned()));
        self
    }

    pub(super) fn waiting(self, wait: u64) -> Self {
        Self { wait, ..self }
    }
}

/// What happens on the stage, during a request or between two.
pub(super) type Event = fn(&Stage);

/// One step of a case.
pub(super) enum Act {
    /// A request, while something happens. Its result is the service's status, or the code of a refusal or fault.
    Asks {
        meant: Meant,
        meanwhile: Option<Event>,
        comes: &'static str,
    },
    Happens(Event),
}

/// How the upstream answers.
pub(super) type Script = fn(&Seen) -> Vec<Step>;

/// The pass of a request.
pub(super) enum Holds {
    Minted(Box<MintArgs>),
    Text(&'static str),
}

pub(super) struct Case {
    pub family: &'static str,
    pub name: &'static str,
    pub holds: Holds,
    pub upstream: Script,
    pub limits: fn(&mut Limits),
    pub acts: Vec<Act>,
    /// The requests that reached the upstream, in order: methods and targets.
    pub sends: Vec<&'static str>,
    /// The records, by decision and outcome.
    pub records: Vec<&'static str>,
}

impl Case {
    pub(super) fn minted(family: &'static str, name: &'static str, args: MintArgs) -> Self {
        Self::of(family, name, Holds::Minted(Box::new(args)))
    }

    pub(super) fn of(family: &'static str, name: &'static str, holds: Holds) -> Self {
        let upstream: Script = |_| json("200 OK", r#"{"id":1}"#);
        let (acts, sends, records) = (Vec::new(), Vec::new(), Vec::new());
        Self { family, name, holds, upstream, limits: |_| {}, acts, sends, records }
    }

    pub(super) fn upstream(self, upstream: Script) -> Self {
        Self { upstream, ..self }
    }

    pub(super) fn limits(self, limits: fn(&mut Limits)) -> Self {
        Self { limits, ..self }
    }

    pub(super) fn asks(mut self, meant: Meant, comes: &'static str) -> Self {
        self.acts.push(Act::Asks { meant, meanwhile: None, comes });
        self
    }

    pub(super) fn asks_while(mut self, meant: Meant, meanwhile: Event, comes: &'static str) -> Self {
        self.acts.push(Act::Asks { meant, meanwhile: Some(meanwhile), comes });
        self
    }

    pub(super) fn happens(mut self, event: Event) -> Self {
        self.acts.push(Act::Happens(event));
        self
    }

    pub(super) fn sends(self, lines: &[&'static str]) -> Self {
        Self { sends: lines.to_vec(), ..self }
    }

    pub(super) fn records(self, records: &[&'static str]) -> Self {
        Self { records: records.to_vec(), ..self }
    }

    pub(super) fn and_records(mut self, record: &'static str) -> Self {
        self.records.push(record);
        self
    }

    /// Returns the expected results of the requests, in order.
    pub(super) fn comes(&self) -> Vec<&'static str> {
        let comes = |act: &Act| match act {
            Act::Asks { comes, .. } => Some(*comes),
            Act::Happens(_) => None,
        };
        self.acts.iter().filter_map(comes).collect()
    }
}

pub(super) fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// Returns the arguments for a pass that allows these terms.
pub(super) fn allows(terms: &[&str]) -> MintArgs {
    MintArgs { allow: strings(terms), ..MintArgs::default() }
}

/// Returns the arguments for the same pass, narrowed.
pub(super) fn narrowed(terms: &[&str], narrow: Narrowing) -> MintArgs {
    MintArgs { narrow, ..allows(terms) }
}
