//! The cast: the stage, the agents with their passes, and what they remember from scene to scene.

use anyhow::Context;
use datalog::PassId;
use serde_json::{Value, json};

use super::agent::{Agent, AgentAnswer};
use super::provider::COLLECTOR;
use super::stage::Stage;
use crate::clock::Clock;
use crate::demo::playing::Observed;

const MAIL: &str = "/gmail/gmail/v1/users/me";

pub(super) struct Cast {
    pub(super) stage: Stage,
    pub(super) clock: Clock,
    agent: Option<Agent>,
    sub_agent: Option<Agent>,
    pub(super) pass_id: Option<PassId>,
    /// The ids of the mails that the agent listed, newest first.
    pub(super) mails: Vec<String>,
}

impl Cast {
    pub(super) async fn assemble(clock: Clock) -> anyhow::Result<Self> {
        let stage = Stage::build(clock.clone()).await?;
        Ok(Self { stage, clock, agent: None, sub_agent: None, pass_id: None, mails: Vec::new() })
    }

    pub(super) fn enter_agent(&mut self, pass: String) {
        self.agent = Some(Agent::new(self.stage.gateway(), pass));
    }

    pub(super) fn enter_sub_agent(&mut self, pass: String) {
        self.sub_agent = Some(Agent::new(self.stage.gateway(), pass));
    }

    pub(super) fn agent(&mut self) -> anyhow::Result<&mut Agent> {
        self.agent.as_mut().context("the agent has no pass yet")
    }

    pub(super) fn sub_agent(&mut self) -> anyhow::Result<&mut Agent> {
        self.sub_agent.as_mut().context("the sub-agent has no pass yet")
    }

    /// Returns every agent that has entered.
    pub(super) fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.agent.iter().chain(&self.sub_agent)
    }
}

/// The requests that an agent can try with a mailbox. The agent does not judge whether it may.
impl Agent {
    pub(super) async fn list_unread(&mut self) -> anyhow::Result<AgentAnswer> {
        self.read(&format!("{MAIL}/messages?q=is%3Aunread&maxResults=10")).await
    }

    pub(super) async fn read_mail(&mut self, id: &str) -> anyhow::Result<AgentAnswer> {
        self.read(&format!("{MAIL}/messages/{id}")).await
    }

    pub(super) async fn draft(&mut self) -> anyhow::Result<AgentAnswer> {
        self.write(&format!("{MAIL}/drafts"), &json!({ "message": { "raw": letter() } })).await
    }

    pub(super) async fn send_mail(&mut self) -> anyhow::Result<AgentAnswer> {
        self.write(&format!("{MAIL}/messages/send"), &json!({ "raw": letter() })).await
    }

    pub(super) async fn delete(&mut self, ids: &[String]) -> anyhow::Result<AgentAnswer> {
        self.write(&format!("{MAIL}/messages/batchDelete"), &json!({ "ids": ids })).await
    }

    pub(super) async fn forward_to_outside(&mut self) -> anyhow::Result<AgentAnswer> {
        let path = format!("{MAIL}/settings/forwardingAddresses");
        self.write(&path, &json!({ "forwardingEmail": COLLECTOR })).await
    }
}

/// Returns the agent's answer to a mail, in Gmail's form.
fn letter() -> String {
    use base64::Engine;
    let letter = "To: support@example.org\r\nSubject: Re: Ticket 4711: export is empty\r\n\
                  Content-Type: text/plain; charset=utf-8\r\n\r\nI will look at it today.\r\n";
    base64::engine::general_purpose::URL_SAFE.encode(letter)
}

impl AgentAnswer {
    /// Returns the result. If the request was refused, the note has the refusal's own words.
    pub(super) fn observed(self, detail: impl Into<String>) -> Observed {
        if self.came_to.is_done() {
            return Observed { came_to: self.came_to, detail: detail.into() };
        }
        let detail = self.why();
        Observed { came_to: self.came_to, detail }
    }

    /// Returns the gateway's own words on one line. If they say what was expected, only that.
    fn why(&self) -> String {
        let text = |name: &str| self.body.get(name).and_then(Value::as_str).unwrap_or_default();
        match (text("expected"), text("detail")) {
            ("", detail) => detail.to_owned(),
            (expected, _) => format!("expected {expected}"),
        }
    }
}
