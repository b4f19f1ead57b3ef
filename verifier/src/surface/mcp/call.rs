//! One call of a tool: its arguments become the raw request that an SDK would have sent, and the pipeline does the rest.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use datalog::json::Json;
use datalog::{ConnectionName, Message, NamedTool, Spelled, spell};
use secrecy::SecretString;
use serde_json::Value;

use crate::answer::reply::Reply;
use crate::answer::treatment::Shows;
use crate::caller::Caller;
use crate::pipeline::{RequestState, Stopped, Worker};
use crate::ports::Mode;
use crate::record::Came;
use crate::refusal::spoken::Spoken;
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Explanation, Refusal};
use crate::steps::arrived::{Arrived, Contents, Patience};
use crate::steps::verify::Trusted;
use crate::surface::mcp::result;

/// A call of a tool that exists, whether its pass allows it or not.
pub(crate) struct ToolCall {
    pub worker: Arc<Worker>,
    pub pass: SecretString,
    pub tool: NamedTool,
    pub arguments: Json,
    pub caller: Caller,
    pub peer: IpAddr,
    /// The address to which the service's own URLs in its answer lead.
    pub base: String,
}

/// How a call ended.
pub(crate) enum Called {
    Result(Value),
    /// The pass has ended. The client must hear that, so that it can get another one.
    PassEnded(Stopped),
}

impl ToolCall {
    pub(crate) async fn run(mut self) -> Called {
        let spelled = spell(&self.tool.service, &self.tool.operation, &self.arguments);
        // A call may wait for a person, and its request holds all of it.
        self.arguments = Json::Null;
        let (method, path) = match &spelled {
            Ok(spelled) => (spelled.method, format!("/{}{}", self.tool.connection, spelled.path)),
            Err(_) => (self.tool.operation.method.as_str(), format!("/{}", self.tool.connection)),
        };
        let came = Came { method, path: &path, peer: self.peer, mode: Mode::Mcp };
        let mut state = self.worker.begin(&came, self.caller.clone());
        let answered = self.answered(spelled, &mut state).await;
        let config = &self.worker.gateway.config.mcp;
        match self.worker.end(state, answered).await {
            Ok(reply) => Called::Result(
                result::answered(
                    reply,
                    self.tool.service.name.as_str(),
                    config.result,
                    &self.worker.gateway.memory,
                )
                .await,
            ),
            Err(stopped) => stopped_call(stopped),
        }
    }

    async fn answered(
        &self,
        spelled: Result<Spelled, Message>,
        state: &mut RequestState,
    ) -> Result<Reply, Unanswered> {
        let gateway = &self.worker.gateway;
        let trusted = Trusted::of(gateway, self.pass.clone(), &self.tool.connection, &mut state.recording)?;
        let spelled = spelled.map_err(|message| unfit(&message))?;
        let arrived = Arrived {
            trusted,
            host: None,
            method: spelled.method.to_owned(),
            method_override: None,
            path: spelled.path,
            query: spelled.query,
            headers: Vec::new(),
            content_type: spelled.content_type.map(str::to_owned),
            body: Contents::whole(gateway, Bytes::from(spelled.body))?,
            shows: Shows::Everything,
            base: self.base.clone(),
            patience: Patience::of(gateway.config.mcp.hold),
        };
        let ready = self.worker.prepare(&arrived, state).await?;
        if ready.request().operation.id != self.tool.operation.id {
            return Err(Refusal::ambiguous("the arguments make another operation than the tool's").into());
        }
        self.worker.go(ready, state).await
    }
}

fn stopped_call(stopped: Stopped) -> Called {
    if has_ended(&stopped.unanswered) {
        return Called::PassEnded(stopped);
    }
    let told = Explanation::of(&stopped.unanswered, Spoken::Plain, stopped.about);
    Called::Result(result::stopped(&stopped.unanswered, &told))
}

/// A call of a tool whose connection is not connected any more. Nobody knows its operation.
pub(crate) struct LostCall {
    pub worker: Arc<Worker>,
    pub pass: SecretString,
    pub connection: ConnectionName,
    pub peer: IpAddr,
}

impl LostCall {
    pub(crate) async fn run(self) -> Called {
        let path = format!("/{}", self.connection);
        let came = Came { method: "GET", path: &path, peer: self.peer, mode: Mode::Mcp };
        let mut state = self.worker.begin(&came, Caller::default());
        let trusted = Trusted::of(&self.worker.gateway, self.pass, &self.connection, &mut state.recording);
        let lost = || Refusal::ambiguous("the connection is there again: call the tool again").into();
        let stopped = trusted.and_then(|_| Err::<Reply, Unanswered>(lost()));
        match self.worker.end(state, stopped).await {
            Ok(_) => Called::Result(result::text("", result::CallEnd::Badly)),
            Err(stopped) => stopped_call(stopped),
        }
    }
}

/// Returns the refusal of arguments that the tool does not take.
fn unfit(message: &Message) -> Unanswered {
    let refusal = Refusal::ambiguous(message.says.clone());
    match &message.hint {
        Some(hint) => refusal.hint(hint.clone()),
        None => refusal,
    }
    .into()
}

/// Whether the pass itself does not hold any more.
fn has_ended(unanswered: &Unanswered) -> bool {
    matches!(unanswered, Unanswered::Refused(refusal) if refusal.code.is_of_pass())
}
