//! Plays the lines of the story, one function a line.
//!
//! Nothing here says whether something is allowed: the gateway does, over its socket.

use anyhow::{Context, ensure};
use datalog::catalog::Catalog;
use datalog::{AttenuateArgs, Narrowing, flags};
use serde_json::Value;

use super::cast::Cast;
use super::person;
use crate::app::{ConnectFinish, ConnectStart, MintArgs, RevokeArgs};
use crate::demo::playing::{Observed, Playing};

/// How often mail may be read, by the agent and everyone who shares the pass.
const READS: usize = 4;
const READ_BY_AGENT: usize = 3;

pub(super) fn connect(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async {
        let app = cast.stage.app();
        let begun = app
            .begin_connect(ConnectStart {
                service: "gmail".parse()?,
                name: None,
                // Nothing needs to listen there: the demo reads the redirect that the browser would follow.
                redirect_uri: "http://127.0.0.1:1/callback".to_owned(),
                scopes: Vec::new(),
                client: Default::default(),
            })
            .await?;
        let redirect = person::consent(&begun.authorize_url).await?;
        let finish = ConnectFinish { attempt: Some(begun.attempt), ..redirect };
        let connection = app.finish_connect(finish).await?;
        Ok(Observed::done(format!("{}; its tokens stay in the vault", connection.account)))
    })
}

pub(super) fn mint(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let minted = cast
            .stage
            .app()
            .mint(MintArgs {
                task: "triage my inbox".to_owned(),
                allow: words(&["gmail:read", "gmail.users.drafts.create"]),
                ask: words(&["gmail:send"]),
                deny: words(&["gmail:delete", "gmail.users.settings.*"]),
                narrow: Narrowing::default()
                    .with(&flags::FOR, ["30m"])
                    .with(&flags::LIMIT, [format!("gmail.users.messages.get={READS}")]),
                ..MintArgs::default()
            })
            .await?;
        let detail =
            format!("read and draft; ask before sending; {READS} mails; {} bytes", minted.pass.len());
        cast.pass_id = Some(minted.info.id);
        cast.enter_agent(minted.pass);
        Ok(Observed::done(detail))
    })
}

pub(super) fn list(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async {
        let answer = cast.agent()?.list_unread().await?;
        let listed = answer.body.get("messages").and_then(Value::as_array);
        cast.mails = listed
            .into_iter()
            .flatten()
            .filter_map(|mail| mail.get("id").and_then(Value::as_str).map(ToOwned::to_owned))
            .collect();
        let detail = format!("{} mails, through the gateway", cast.mails.len());
        Ok(answer.observed(detail))
    })
}

pub(super) fn read(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async {
        let mails: Vec<String> = cast.mails.iter().take(READ_BY_AGENT).cloned().collect();
        ensure!(mails.len() == READ_BY_AGENT, "the list was shorter than {READ_BY_AGENT}");
        let mut last = None;
        for id in &mails {
            let answer = cast.agent()?.read_mail(id).await?;
            if !answer.came_to.is_done() {
                return Ok(answer.observed(""));
            }
            last = Some(answer);
        }
        let last = last.context("nothing was read")?;
        let says = last.body.get("snippet").and_then(Value::as_str).unwrap_or_default();
        let detail = format!("one gives it orders: \"{}…\"", says.chars().take(38).collect::<String>());
        Ok(last.observed(detail))
    })
}

pub(super) fn draft(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async {
        let answer = cast.agent()?.draft().await?;
        let id = answer.body.get("id").and_then(Value::as_str).unwrap_or_default();
        let detail = format!("draft {id} is in the mailbox");
        Ok(answer.observed(detail))
    })
}

pub(super) fn send(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async { Ok(cast.agent()?.send_mail().await?.observed("sent")) })
}

pub(super) fn delete_all(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async {
        let mails = cast.mails.clone();
        Ok(cast.agent()?.delete(&mails).await?.observed("deleted"))
    })
}

pub(super) fn forward(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async { Ok(cast.agent()?.forward_to_outside().await?.observed("forwarded")) })
}

/// The agent narrows its own pass. It needs no key and asks nobody: the pass and the public catalog are enough.
pub(super) fn attenuate(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async {
        let services: Vec<_> = Catalog::embedded()?.services().cloned().collect();
        let args = AttenuateArgs {
            only: vec!["gmail.users.messages.get".to_owned()],
            narrow: Narrowing::default().with(&flags::FOR, ["5m"]),
            ..AttenuateArgs::default()
        };
        let now = cast.clock.now();
        let child = datalog::attenuate(cast.agent()?.pass(), &args, &services, now)?;
        let lost = child.loses.len();
        cast.enter_sub_agent(child.text);
        let next = cast.mails.get(READ_BY_AGENT).context("the list was too short")?.clone();
        let read = cast.sub_agent()?.read_mail(&next).await?;
        Ok(read.observed(format!("read mail only, 5 minutes: {lost} operations fewer; it works")))
    })
}

pub(super) fn draft_as_sub_agent(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async { Ok(cast.sub_agent()?.draft().await?.observed("drafted")) })
}

pub(super) fn read_on(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async {
        let next = cast.mails.get(READ_BY_AGENT + 1).context("the list was too short")?.clone();
        Ok(cast.agent()?.read_mail(&next).await?.observed("read"))
    })
}

pub(super) fn revoke(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async {
        let before = cast.agent()?.list_unread().await?;
        if !before.came_to.is_done() {
            return Ok(before.observed(""));
        }
        let id = cast.pass_id.as_ref().context("no pass was minted")?;
        let args = RevokeArgs {
            ids: vec![id.into()],
            because: Some("the demo is over".to_owned()),
            even_unknown: false,
        };
        let report = cast.stage.app().revoke(args).await?;
        ensure!(report.revoked.len() == 1, "the pass was not revoked");
        Ok(Observed::done("its last request before this one still worked"))
    })
}

pub(super) fn list_again(cast: &mut Cast) -> Playing<'_> {
    Box::pin(async {
        let child = cast.sub_agent()?.list_unread().await?;
        let parent = cast.agent()?.list_unread().await?;
        if child.came_to != parent.came_to {
            return Ok(child.observed("the sub-agent's pass still works"));
        }
        Ok(parent.observed("both still work"))
    })
}
