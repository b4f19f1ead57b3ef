//! The base-URL surface: an SDK gets an address of this gateway instead of the service's own, and sends HTTP.
//!
//! `Visit::request` handles a whole request here: it admits the request, verifies its pass before it reads a byte of
//! the body, and the pipeline does the rest. The gateway's own pages stand beside it.

use std::sync::Arc;

use http::Response;
use http::request::Parts;
use hyper::body::Incoming;

use crate::answer::body::AnswerBody;
use crate::answer::problem::{self, Voice};
use crate::answer::reply::Reply;
use crate::caller::Caller;
use crate::entrance::{Entrance, Load, Scope};
use crate::filter::inflate;
use crate::gateway::Gateway;
use crate::heads::{Chunked, Flaw};
use crate::pipeline::{RequestState, Stopped, Worker};
use crate::ports::Mode;
use crate::record::Came;
use crate::refusal::spoken::Client;
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Explanation, Fault, FaultCode};
use crate::steps::arrived::Arrived;
use crate::steps::verify::Trusted;
use crate::surface::admit::{Admitted, admit, take_pass};
use crate::surface::framing::{self, OwnHost};
use crate::surface::intake::{discard, take_in};
use crate::surface::mcp;
use crate::surface::mcp::place::{self, McpPlace};
use crate::surface::mistake;
use crate::surface::pages::can::{Holder, can};
use crate::surface::pages::own::{self, Page};

/// One request over this surface.
struct Visit<'a> {
    worker: &'a Arc<Worker>,
    entrance: &'a Entrance,
    caller: Caller,
    state: RequestState,
    /// How to answer a refusal or a fault.
    voice: Voice,
}

/// Answers one request, whatever its outcome, and ends its record.
pub(crate) async fn answer(
    worker: &Arc<Worker>,
    parts: Parts,
    body: Incoming,
    entrance: &Entrance,
    caller: Caller,
) -> Response<AnswerBody> {
    let (method, path) = (parts.method.as_str(), parts.uri.path());
    let place = place::asked(&worker.gateway, &parts, &entrance.scope);
    let mode = if place.is_some() { Mode::Mcp } else { Mode::BaseUrl };
    let state = worker.begin(&Came { method, path, peer: entrance.peer, mode }, caller.clone());
    let client = Client::of(path, &parts.headers);
    let spoken = worker.gateway.spoken(&entrance.scope, client);
    // Nothing after such a request is read as a request.
    let is_last = parts.extensions.get::<Chunked>().is_some() || parts.extensions.get::<Flaw>().is_some();
    let mut visit = Visit { worker, entrance, caller, state, voice: Voice { client, spoken, own: None } };
    let answered = visit.answered(parts, body, place).await;
    let Visit { state, voice, .. } = visit;
    let waited = state.waited;
    let mut reply = match worker.end(state, answered).await {
        Ok(reply) => reply,
        Err(Stopped { unanswered, about }) => {
            problem::stopped(&unanswered, &Explanation::of(&unanswered, voice.spoken, about), &voice)
        }
    };
    if let Some(patience) = waited {
        problem::preference_applied(&mut reply, patience.lasts());
    }
    if is_last {
        problem::last_of_its_connection(&mut reply);
    }
    rendered(reply)
}

fn rendered(reply: Reply) -> Response<AnswerBody> {
    let Reply { status, headers, body } = reply;
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

impl Visit<'_> {
    async fn answered(
        &mut self,
        parts: Parts,
        body: Incoming,
        place: Option<McpPlace>,
    ) -> Result<Reply, Unanswered> {
        let host = self.enter(&parts)?;
        self.voice.own = Some(format!("http://{}", host.as_str()));
        if let Some(place) = place {
            let (worker, entrance, caller) = (self.worker, self.entrance, self.caller.clone());
            return mcp::answer(mcp::Visitor { worker, entrance, caller, host: &host }, parts, body, place)
                .await;
        }
        match own::page_for(self.gateway(), &parts, &self.entrance.scope, &host) {
            None => self.request(parts, body, &host).await,
            Some(Page::Can) => self.can(parts, body, &host).await,
            Some(found) => page(self.gateway(), found, parts, &self.entrance.scope, &host).await,
        }
    }

    fn gateway(&self) -> &Gateway {
        &self.worker.gateway
    }

    fn enter(&self, parts: &Parts) -> Result<OwnHost, Unanswered> {
        if self.entrance.load == Load::TooMuch {
            return Err(Fault::before(
                FaultCode::Overloaded,
                "the gateway has reached its limit of connections",
            )
            .into());
        }
        Ok(framing::check(parts, &self.gateway().config.names, self.entrance.local)?)
    }

    /// Runs a request from its head to its answer.
    async fn request(&mut self, parts: Parts, body: Incoming, host: &OwnHost) -> Result<Reply, Unanswered> {
        let arrived = self.arrived(parts, body, host).await?;
        let ready = self.worker.prepare(&arrived, &mut self.state).await;
        let ready = ready
            .map_err(|unanswered| mistake::dropped_prefix(unanswered, &arrived, &self.entrance.scope))?;
        self.worker.go(ready, &mut self.state).await
    }

    /// Admits it, verifies its pass, and then reads its body.
    async fn arrived(
        &mut self,
        parts: Parts,
        mut body: Incoming,
        host: &OwnHost,
    ) -> Result<Arrived, Unanswered> {
        let (admitted, trusted) = match self.present(parts, host) {
            Ok(presented) => presented,
            Err(unanswered) => {
                discard(body, &self.gateway().config.limits).await;
                return Err(unanswered);
            }
        };
        let coding = inflate::coding(&admitted.headers)?;
        match take_in(&mut body, coding, self.gateway()).await {
            Ok(contents) => Ok(admitted.arrived(trusted, contents)),
            Err(unanswered) => {
                discard(body, &self.gateway().config.limits).await;
                Err(unanswered)
            }
        }
    }

    /// Admits the request and verifies its pass. These are all checks before a byte of the body is read.
    fn present(&mut self, parts: Parts, host: &OwnHost) -> Result<(Admitted, Trusted), Unanswered> {
        let scope = &self.entrance.scope;
        let bare = **scope == Scope::Shared && mistake::has_no_prefix(parts.uri.path());
        let unknown =
            |unanswered: Unanswered| if bare { mistake::without_a_prefix(unanswered) } else { unanswered };
        let admitted = admit(parts, scope, host).map_err(|refusal| unknown(refusal.into()))?;
        let (text, name) = (admitted.pass.clone(), &admitted.connection);
        let trusted = Trusted::of(&self.worker.gateway, text, name, &mut self.state.recording);
        let trusted = trusted.map_err(unknown)?;
        self.voice.spoken = self.voice.client.of_service(trusted.connection().service.dialect);
        Ok((admitted, trusted))
    }

    /// Answers how a pass would answer a request. This page has a body and a record.
    async fn can(
        &mut self,
        mut parts: Parts,
        mut body: Incoming,
        host: &OwnHost,
    ) -> Result<Reply, Unanswered> {
        let pass = take_pass(&mut parts.headers)?;
        let verified = self.gateway().verify(&pass)?;
        self.state.recording.verified(&verified);
        let text = take_in(&mut body, inflate::coding(&parts.headers)?, self.gateway()).await?;
        let holder = Holder { pass, scope: &self.entrance.scope, host };
        Ok(problem::page(&can(self.worker, holder, text, &mut self.state).await?))
    }
}

async fn page(
    gateway: &Gateway,
    page: Page,
    mut parts: Parts,
    scope: &Scope,
    host: &OwnHost,
) -> Result<Reply, Unanswered> {
    let pass_of = |parts: &mut Parts| gateway.verify(&take_pass(&mut parts.headers)?);
    match page {
        Page::NoOAuth => Ok(problem::not_found("there is no sign-in here: an agent holds a pass")),
        Page::WellKnown => Ok(problem::page(&own::well_known(gateway, host))),
        Page::Discovery(document) => Ok(problem::page(&document)),
        Page::Pass => {
            let pass = pass_of(&mut parts)?;
            Ok(problem::page(&own::pass(gateway, &pass, scope, host).await?))
        }
        // That page has a body and a record, so `can` answers it.
        Page::Can => Ok(problem::not_found("this page is asked by POST")),
        Page::Approval(id) => {
            let pass = pass_of(&mut parts)?;
            let found = own::approval(gateway, &pass, &id, host).await?;
            Ok(found.map_or_else(
                || problem::not_found("this pass has not asked for such an approval"),
                |page| problem::page(&page),
            ))
        }
        Page::GiveUp => {
            let pass = pass_of(&mut parts)?;
            Ok(problem::page(&own::give_up(gateway, &pass).await?))
        }
    }
}
