//! The mailbox over HTTP, in the shape of the part of Gmail's API that the story and an SDK use.
//!
//! Every route is behind `oauth::require_token`. Deleting, sending and forwarding really work here, so that a request
//! that should not have come leaves a mark.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ACCOUNT;
use super::mailbox::Message;
use crate::demo::provider::shared::Shared;

const LABELS: [&str; 5] = ["INBOX", "UNREAD", "SENT", "DRAFT", "TRASH"];
const PAGE: usize = 100;

type Shares = State<Arc<Shared>>;

pub(super) fn routes() -> Router<Arc<Shared>> {
    let user = Router::new()
        .route("/profile", get(profile))
        .route("/labels", get(labels))
        .route("/messages", get(list))
        .route("/messages/send", post(send))
        .route("/messages/batchDelete", post(batch_delete))
        .route("/messages/{id}", get(message).delete(delete))
        .route("/messages/{id}/trash", post(trash))
        .route("/messages/{id}/modify", post(modify))
        .route("/drafts", get(drafts).post(draft))
        .route("/settings/forwardingAddresses", get(forwarding).post(forward));
    Router::new().nest("/gmail/v1/users/me", user)
}

/// A refusal in Gmail's form.
struct GmailFailure(StatusCode, &'static str);

const NO_SUCH_MESSAGE: GmailFailure = GmailFailure(StatusCode::NOT_FOUND, "no such message");
const NOT_A_MESSAGE: GmailFailure =
    GmailFailure(StatusCode::BAD_REQUEST, "raw is not a message in base64url");

impl IntoResponse for GmailFailure {
    fn into_response(self) -> Response {
        let Self(status, message) = self;
        let body = json!({ "error": { "code": status.as_u16(), "message": message } });
        (status, Json(body)).into_response()
    }
}

async fn profile(State(shared): Shares) -> Json<Value> {
    let messages = shared.mailbox().tally().messages;
    let profile = json!({
        "emailAddress": ACCOUNT, "messagesTotal": messages, "threadsTotal": messages, "historyId": "1",
    });
    Json(profile)
}

async fn labels() -> Json<Value> {
    let label = |name: &&str| json!({ "id": name, "name": name, "type": "system" });
    Json(json!({ "labels": LABELS.iter().map(label).collect::<Vec<_>>() }))
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
    #[serde(rename = "maxResults")]
    max_results: Option<usize>,
}

async fn list(State(shared): Shares, Query(search): Query<Search>) -> Json<Value> {
    let mailbox = shared.mailbox();
    let found = mailbox.search(&search.q);
    let shown = found.iter().take(search.max_results.unwrap_or(PAGE).min(PAGE));
    let messages: Vec<Value> = shown.map(|message| message.reference()).collect();
    Json(json!({ "messages": messages, "resultSizeEstimate": found.len() }))
}

async fn message(State(shared): Shares, Path(id): Path<String>) -> Result<Json<Value>, GmailFailure> {
    shared.mailbox().message(&id).map(|message| Json(message.to_json())).ok_or(NO_SUCH_MESSAGE)
}

async fn delete(State(shared): Shares, Path(id): Path<String>) -> Result<StatusCode, GmailFailure> {
    shared.mailbox().delete(&id).map(|()| StatusCode::NO_CONTENT).ok_or(NO_SUCH_MESSAGE)
}

async fn trash(State(shared): Shares, Path(id): Path<String>) -> Result<Json<Value>, GmailFailure> {
    let mut mailbox = shared.mailbox();
    let message = mailbox.message_mut(&id).ok_or(NO_SUCH_MESSAGE)?;
    message.labels = vec!["TRASH".to_owned()];
    Ok(Json(message.to_json()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct LabelChange {
    add_label_ids: Vec<String>,
    remove_label_ids: Vec<String>,
}

async fn modify(
    State(shared): Shares,
    Path(id): Path<String>,
    Json(change): Json<LabelChange>,
) -> Result<Json<Value>, GmailFailure> {
    let mut mailbox = shared.mailbox();
    let message = mailbox.message_mut(&id).ok_or(NO_SUCH_MESSAGE)?;
    message.labels.retain(|label| !change.remove_label_ids.contains(label));
    message.labels.extend(change.add_label_ids);
    Ok(Json(message.to_json()))
}

#[derive(Deserialize)]
struct Many {
    ids: Vec<String>,
}

async fn batch_delete(State(shared): Shares, Json(many): Json<Many>) -> StatusCode {
    let mut mailbox = shared.mailbox();
    for id in &many.ids {
        // As in the real Gmail, a missing id is no error.
        let _ = mailbox.delete(id);
    }
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Raw {
    raw: String,
}

#[derive(Deserialize)]
struct NewDraft {
    message: Raw,
}

async fn send(State(shared): Shares, Json(message): Json<Raw>) -> Result<Json<Value>, GmailFailure> {
    let sent = shared.mailbox().send(&message.raw, shared.now()).ok_or(NOT_A_MESSAGE)?;
    Ok(Json(sent.reference()))
}

async fn draft(State(shared): Shares, Json(draft): Json<NewDraft>) -> Result<Json<Value>, GmailFailure> {
    let draft = shared.mailbox().draft(&draft.message.raw, shared.now()).ok_or(NOT_A_MESSAGE)?;
    Ok(Json(draft_json(&draft)))
}

async fn drafts(State(shared): Shares) -> Json<Value> {
    let drafts: Vec<Value> = shared.mailbox().drafts().iter().map(draft_json).collect();
    Json(json!({ "drafts": drafts, "resultSizeEstimate": drafts.len() }))
}

fn draft_json(draft: &Message) -> Value {
    json!({ "id": format!("r{}", draft.id), "message": draft.reference() })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Forwarding {
    forwarding_email: String,
}

async fn forward(State(shared): Shares, Json(to): Json<Forwarding>) -> Json<Value> {
    let answer = json!({ "forwardingEmail": to.forwarding_email, "verificationStatus": "accepted" });
    shared.mailbox().forwarding.push(to.forwarding_email);
    Json(answer)
}

async fn forwarding(State(shared): Shares) -> Json<Value> {
    let mailbox = shared.mailbox();
    let address = |email: &String| json!({ "forwardingEmail": email, "verificationStatus": "accepted" });
    Json(json!({ "forwardingAddresses": mailbox.forwarding.iter().map(address).collect::<Vec<_>>() }))
}
