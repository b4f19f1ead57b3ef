//! The methods: what a client asks, and what it is answered.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use datalog::VerifiedPass;
use datalog::json::Json;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::answer::body::AnswerBody;
use crate::answer::events::Events;
use crate::answer::problem;
use crate::answer::reply::Reply;
use crate::caller::Caller;
use crate::entrance::Scope;
use crate::pipeline::{Stopped, Worker};
use crate::refusal::spoken::{Client, Spoken, says};
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Explanation, Fault, FaultCode};
use crate::surface::framing::OwnHost;
use crate::surface::mcp::call::{Called, LostCall, ToolCall};
use crate::surface::mcp::era::{Era, LEGACY, SUPPORTED};
use crate::surface::mcp::place::McpPlace;
use crate::surface::mcp::reply::{accepted, json_reply};
use crate::surface::mcp::result::{self, CallEnd};
use crate::surface::mcp::rpc::{Id, Rpc, RpcError};
use crate::surface::mcp::shown::{CALL, DESCRIBE, FIND, PASS, ToolReach};
use crate::surface::pages::own;

/// A call that takes longer than this goes on as a stream, if the client takes one.
const AT_ONCE: Duration = Duration::from_millis(400);
/// How long a client may keep a list, in milliseconds.
const LIST_KEEPS: u64 = 60_000;
/// How often a stream of changes looks whether its pass still holds.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// One message with its pass verified.
pub(crate) struct Session {
    pub worker: Arc<Worker>,
    pub pass: SecretString,
    pub verified: Arc<VerifiedPass>,
    pub place: McpPlace,
    pub scope: Arc<Scope>,
    pub host: OwnHost,
    pub peer: IpAddr,
    pub caller: Caller,
}

type CallRun = Pin<Box<dyn Future<Output = Called> + Send>>;

/// A call of one of the gateway's own tools, or of an operation.
enum Chosen {
    Done(Value),
    Call(Box<ToolCall>),
    Lost(LostCall),
}

impl Session {
    pub(crate) async fn respond(self, headers: &HeaderMap, rpc: Rpc) -> Result<Reply, Unanswered> {
        let era = match Era::of(headers, &rpc) {
            Ok(era) => era,
            Err(error) => return Ok(json_reply(error.status, &error.answer(rpc.id.as_ref()))),
        };
        let Some(id) = rpc.id.clone() else {
            return Ok(accepted());
        };
        let answered = match (rpc.method.as_str(), era) {
            ("server/discover", _) => Ok(self.discovered()),
            ("initialize", Era::Legacy) => Ok(self.initialized(&rpc.params)),
            ("ping", Era::Legacy) => Ok(json!({})),
            ("tools/list", _) => Ok(self.listed()),
            ("tools/call", _) => return self.call(headers, id, era, &rpc.params).await,
            ("subscriptions/listen", Era::Modern) => return self.listen(&id),
            (method, Era::Modern) => Err(RpcError::no_method(StatusCode::NOT_FOUND, method)),
            (method, Era::Legacy) => Err(RpcError::no_method(StatusCode::OK, method)),
        };
        Ok(match answered {
            Ok(result) => json_reply(StatusCode::OK, &Rpc::result(&id, &in_era(era, result))),
            Err(error) => json_reply(error.status, &error.answer(Some(&id))),
        })
    }

    fn discovered(&self) -> Value {
        json!({
            "supportedVersions": SUPPORTED,
            "capabilities": {"tools": {"listChanged": true}},
            "instructions": self.instructions(),
            "ttlMs": LIST_KEEPS,
            "cacheScope": "private",
        })
    }

    fn initialized(&self, params: &Json) -> Value {
        let wanted = params.field("protocolVersion").and_then(Json::as_str);
        let spoken = LEGACY.into_iter().find(|known| Some(*known) == wanted).unwrap_or(LEGACY[0]);
        json!({
            "protocolVersion": spoken,
            "capabilities": {"tools": {"listChanged": false}},
            "serverInfo": server(),
            "instructions": self.instructions(),
        })
    }

    fn instructions(&self) -> String {
        let task: String = self.verified.task().chars().take(200).collect();
        let ends = self.verified.expires().format(&Rfc3339).unwrap_or_default();
        format!(
            "These tools act on a person's accounts within a pass: \"{task}\", until {ends}. A description says which \
             calls ask a person first; such a call waits for the answer. A refusal is final unless it says otherwise: \
             do not look for a way around it. `hallpass_pass` says what is left."
        )
    }

    fn listed(&self) -> Value {
        let gateway = &self.worker.gateway;
        let tools = ToolReach::of(gateway, &self.verified, &self.place).listed(gateway.config.mcp.tools);
        json!({"tools": tools, "ttlMs": LIST_KEEPS, "cacheScope": "private"})
    }

    async fn call(self, headers: &HeaderMap, id: Id, era: Era, params: &Json) -> Result<Reply, Unanswered> {
        let streams = says(headers, &ACCEPT, "text/event-stream");
        let worker = self.worker.clone();
        let caller = self.caller.clone();
        let client = Client::of("/mcp", headers);
        let call = match self.chosen(params).await? {
            Ok(Chosen::Done(result)) => {
                return Ok(json_reply(StatusCode::OK, &Rpc::result(&id, &in_era(era, result))));
            }
            Err(error) => return Ok(json_reply(error.status, &error.answer(Some(&id)))),
            Ok(Chosen::Call(call)) => Box::pin(call.run()) as CallRun,
            Ok(Chosen::Lost(call)) => Box::pin(call.run()),
        };
        let mut run = call;
        let called = tokio::select! {
            called = &mut run => Some(called),
            () = tokio::time::sleep(AT_ONCE), if streams => None,
        };
        Ok(match called {
            Some(Called::Result(result)) => {
                json_reply(StatusCode::OK, &Rpc::result(&id, &in_era(era, result)))
            }
            Some(Called::PassEnded(Stopped { unanswered, about })) => {
                let told = Explanation::of(&unanswered, Spoken::Plain, about);
                problem::stopped(
                    &unanswered,
                    &told,
                    &problem::Voice { client, spoken: Spoken::Plain, own: None },
                )
            }
            None => {
                let last = async move { vec![Rpc::result(&id, &in_era(era, at_the_end(run.await)))] };
                stream(Events::new(Box::pin(last), None, caller, worker.tasks().clone()))
            }
        })
    }

    /// Finds what a call is for. Own tools are answered at once.
    async fn chosen(self, params: &Json) -> Result<Result<Chosen, RpcError>, Unanswered> {
        let Some(name) = params.field("name").and_then(Json::as_str).map(str::to_owned) else {
            return Ok(Err(RpcError::params("the name of the tool is missing")));
        };
        let arguments = params.field("arguments").cloned().unwrap_or(Json::Object(Vec::new()));
        let argument =
            |name: &str| arguments.field(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let reach = ToolReach::of(&self.worker.gateway, &self.verified, &self.place);
        let done = |text: String| Ok(Ok(Chosen::Done(result::text(&text, CallEnd::Well))));
        match name.as_str() {
            PASS => done(self.of_pass().await?.to_string()),
            FIND => done(reach.found(&argument("about"))),
            DESCRIBE => match reach.described(&argument("tool")) {
                Some(tool) => done(tool.to_string()),
                None => Ok(Ok(Chosen::Done(result::text(&no_tool(&argument("tool")), CallEnd::Badly)))),
            },
            CALL => {
                let (tool, inner) = (argument("tool"), arguments.field("arguments").cloned());
                Ok(self.of_operation(&tool, inner.unwrap_or(Json::Object(Vec::new()))))
            }
            _ => Ok(self.of_operation(&name, arguments)),
        }
    }

    fn of_operation(&self, name: &str, arguments: Json) -> Result<Chosen, RpcError> {
        let reach = ToolReach::of(&self.worker.gateway, &self.verified, &self.place);
        let Some(tool) = reach.find(name) else {
            let lost = reach.lost(&self.worker.gateway, name).map(|connection| LostCall {
                worker: self.worker.clone(),
                pass: self.pass.clone(),
                connection,
                peer: self.peer,
            });
            return lost.map(Chosen::Lost).ok_or_else(|| RpcError::no_tool(no_tool(name)));
        };
        let base = match &*self.scope {
            Scope::Shared => format!("http://{}/{}", self.host.as_str(), tool.connection),
            Scope::Connection(_) => format!("http://{}", self.host.as_str()),
        };
        Ok(Chosen::Call(Box::new(ToolCall {
            worker: self.worker.clone(),
            pass: self.pass.clone(),
            tool,
            arguments,
            caller: self.caller.clone(),
            peer: self.peer,
            base,
        })))
    }

    async fn of_pass(&self) -> Result<Value, Unanswered> {
        own::pass(&self.worker.gateway, &self.verified, &self.scope, &self.host).await
    }

    /// Tells a client that the list of tools has changed: when the pass ends, is stopped, or the gateway stops.
    fn listen(self, id: &Id) -> Result<Reply, Unanswered> {
        let place = self.worker.gateway.listening.clone().try_acquire_owned();
        let place = place.map_err(|_| {
            Fault::before(FaultCode::Overloaded, "the gateway has reached its limit of streams of changes")
        })?;
        let named = |method: &str| {
            let mut params = json!({"_meta": {"io.modelcontextprotocol/subscriptionId": id_text(id)}});
            if method == "notifications/subscriptions/acknowledged"
                && let Some(fields) = params.as_object_mut()
            {
                fields.insert("notifications".into(), json!({"toolsListChanged": true}));
            }
            json!({"jsonrpc": "2.0", "method": method, "params": params})
        };
        let (first, changed) =
            (named("notifications/subscriptions/acknowledged"), named("notifications/tools/list_changed"));
        let last = Rpc::result(id, &in_era(Era::Modern, json!({})));
        let (worker, pass, caller) = (self.worker.clone(), self.pass.clone(), self.caller.clone());
        let run = async move {
            while !self.caller.has_left() && !worker.is_ending() && worker.gateway.verify(&pass).is_ok() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            drop(place);
            vec![changed, last]
        };
        let tasks = self.worker.tasks().clone();
        Ok(stream(Events::new(Box::pin(run), Some(&first), caller, tasks)))
    }
}

fn no_tool(name: &str) -> String {
    let shown: String = name.chars().take(60).flat_map(char::escape_debug).collect();
    format!("this pass has no tool `{shown}`: `tools/list` lists them")
}

/// Returns the result of a call whose stream has begun. Its status is gone, so a pass that ended is told in words.
fn at_the_end(called: Called) -> Value {
    match called {
        Called::Result(result) => result,
        Called::PassEnded(Stopped { unanswered, about }) => {
            result::stopped(&unanswered, &Explanation::of(&unanswered, Spoken::Plain, about))
        }
    }
}

fn stream(events: Events) -> Reply {
    let mut reply = Reply::new(StatusCode::OK, AnswerBody::events(events));
    reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply.headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    reply
}

fn id_text(id: &Id) -> Value {
    match id {
        Id::Text(text) => json!(text),
        Id::Number(number) => json!(number),
    }
}

fn server() -> Value {
    json!({"name": "hallpass", "title": "Hallpass", "version": env!("CARGO_PKG_VERSION")})
}

/// Adds what every result of the era has.
fn in_era(era: Era, mut result: Value) -> Value {
    if let (Era::Modern, Some(fields)) = (era, result.as_object_mut()) {
        fields.insert("resultType".into(), json!("complete"));
        fields.insert("_meta".into(), json!({"io.modelcontextprotocol/serverInfo": server()}));
    }
    result
}
