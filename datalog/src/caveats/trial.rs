//! A pass with one flag, tried on requests and answers: for the tests in the flags' own files.

use std::sync::{Arc, LazyLock};

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::catalog::Catalog;
use crate::caveats::flag::Flag;
use crate::caveats::narrowing::Narrowing;
use crate::caveats::term_error::TermError;
use crate::classify::raw::RawRequest;
use crate::decision::context::Context;
use crate::decision::decide::{Decided, decide};
use crate::decision::lookup::plan::Inquiry;
use crate::mint::inspect::inspect;
use crate::mint::minting::{KnownConnection, MintArgs, MintTerms};
use crate::pass::keys::RootKeyPair;
use crate::pass::reservation::Spent;
use crate::pass::verify::{PassCache, RootKeys, VerifiedPass};
use crate::request::canonical::Request;
use crate::words::json::Json;
use crate::words::message::Message;
use crate::words::names::PassId;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-23 09:00:00 UTC);

/// Every pass is verified then, and tried at another time.
const IN_TIME: OffsetDateTime = datetime!(2026-11-23 09:01:00 UTC);

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

/// A pass that allows everything on `gmail` and `github`, but for one flag.
pub(crate) struct Trial {
    text: String,
    pass: Arc<VerifiedPass>,
    context: Context,
    now: OffsetDateTime,
}

/// The pass with these values of the flag.
pub(crate) fn trial(flag: &Flag, values: &[&str]) -> Trial {
    let text = minted(flag, values).unwrap();
    let pass =
        PassCache::new(1).verify(&text, &RootKeys::new([root().public()]), &|_| false, IN_TIME).unwrap();
    Trial { text, pass, context: Context::default(), now: NOW }
}

/// Why the flag does not take the value, with the hint.
pub(crate) fn refused(flag: &Flag, value: &str) -> String {
    Message::from(minted(flag, &[value]).unwrap_err()).in_full()
}

fn minted(flag: &Flag, values: &[&str]) -> Result<String, TermError> {
    let args = MintArgs {
        task: "try a flag".into(),
        allow: vec!["gmail:*".into(), "github:*".into()],
        narrow: Narrowing::default().with(flag, values.iter().copied()),
        ..MintArgs::default()
    };
    let terms = MintTerms::parse(&args, &[known("gmail"), known("github")], NOW)?;
    Ok(terms.mint(&PassId::from_random([9; 16]), &root())?.text)
}

fn known(name: &str) -> KnownConnection {
    KnownConnection {
        name: name.parse().unwrap(),
        account: "me@example.com".parse().unwrap(),
        service: CATALOG.service(&name.parse().unwrap()).unwrap().clone(),
    }
}

fn root() -> RootKeyPair {
    RootKeyPair::from_seed(1, [7; 32])
}

impl Trial {
    /// The same, that much later.
    pub(crate) fn after(self, time: Duration) -> Self {
        Self { now: self.now + time, ..self }
    }

    /// The same, where this is known.
    pub(crate) fn with(self, context: Context) -> Self {
        Self { context, ..self }
    }

    /// The same, where so much of its first budget is used.
    pub(crate) fn spent(mut self, used: u64) -> Self {
        let budget = self.pass.limits()[0].budget.clone();
        self.context.used.insert(budget, Spent { used, ..Spent::default() });
        self
    }

    /// What the pass says, one line for each thing.
    pub(crate) fn says(&self) -> String {
        let lines = inspect(&self.text).unwrap().says;
        lines.into_iter().map(|line| line.to_string()).collect::<Vec<_>>().join("\n")
    }

    /// Whether the request is allowed, or what was expected of it. `GET /path`, to the service that has it.
    pub(crate) fn answers(&self, line: &str, body: &str) -> Result<(), String> {
        match self.decided(line, body, "") {
            Decided::Allow(_) => Ok(()),
            Decided::Ask(refused) | Decided::Deny(refused) => Err(refused.reasons()[0].expected.clone()),
        }
    }

    /// The same, where every look-up finds `found`.
    pub(crate) fn answers_where(&self, found: &str, line: &str, body: &str) -> Result<(), String> {
        match self.decided(line, body, found) {
            Decided::Allow(_) => Ok(()),
            Decided::Ask(refused) | Decided::Deny(refused) => Err(refused.reasons()[0].expected.clone()),
        }
    }

    /// The answer as the agent gets it, or what was expected of it.
    pub(crate) fn shows(&self, line: &str, answer: &str) -> Result<String, String> {
        let Decided::Allow(permitted) = self.decided(line, "", "") else { panic!("{line} is not allowed") };
        let answer = Json::parse(answer.as_bytes()).unwrap();
        let Some(review) = permitted.review() else { return Ok(answer.to_text()) };
        let reviewed = review.apply(permitted.request(), answer);
        reviewed.map(|one| one.answer.to_text()).map_err(|unfit| unfit.reason.expected)
    }

    fn decided(&self, line: &str, body: &str, found: &str) -> Decided {
        let (request, service) = [known("gmail"), known("github")]
            .into_iter()
            .find_map(|one| Some((classified(&one, line, body)?, one.service)))
            .unwrap_or_else(|| panic!("no service has `{line}`"));
        let mut inquiry = Inquiry::about(request, self.context.clone());
        while let Some(needed) = inquiry.next(&self.pass, &service, self.now) {
            inquiry.learn(&needed, Ok(found.as_bytes()));
        }
        let (request, context) = inquiry.into_parts();
        decide(&self.pass, request, &context, self.now)
    }
}

fn classified(known: &KnownConnection, line: &str, body: &str) -> Option<Request> {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let raw = RawRequest {
        query,
        content_type: (!body.is_empty()).then_some("application/json"),
        body: body.as_bytes(),
        ..RawRequest::new(method, path)
    };
    known.service.classify(&known.name, &known.account, &raw).ok()
}

/// A request's body that sends this letter.
pub(crate) fn letter(from: &str, to: &str) -> String {
    use base64::Engine;
    let text = format!("From: {from}\r\nTo: {to}\r\nSubject: lunch\r\n\r\nyes\r\n");
    format!(r#"{{"raw":"{}"}}"#, base64::engine::general_purpose::URL_SAFE.encode(text))
}

pub(crate) const SEND: &str = "POST /gmail/v1/users/me/messages/send";
pub(crate) const LIST: &str = "GET /gmail/v1/users/me/messages";
