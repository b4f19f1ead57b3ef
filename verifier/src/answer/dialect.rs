//! The members by which a service's own SDKs show an error, beside those of problem+json.
//!
//! What each SDK shows was tested, not guessed. Google's, GitHub's, Microsoft's, Stripe's and Slack's Python clients
//! show one body with `ok`, `message` and `error{code, message, status}` in full. Slack's Node client retries every
//! answer that is not 200, so refusals for its Web API use 200 with `ok: false`, as Slack does. Notion's clients show
//! the message of an error if its `code` is one of Notion's. Before the service is known, the client is guessed from
//! its own headers and its path. The guess only chooses words.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::refusal::spoken::{PROBLEM, Reads, Spoken};

/// Returns `application/problem+json` if the client reads it. Google's and GitHub's JavaScript clients show a reason
/// only from `application/json`, so they get the same body under that name.
pub(crate) fn content_type(spoken: Spoken, reads: Reads) -> &'static str {
    match (spoken, reads) {
        // Slack's clients parse nothing else.
        (Spoken::Slack, _) => "application/json; charset=utf-8",
        (_, Reads::Problem) | (Spoken::Plain, Reads::Anything) => PROBLEM,
        (Spoken::Plain | Spoken::Google | Spoken::GitHub | Spoken::Notion, _) => "application/json",
    }
}

/// Adds the members. All services except Slack and Notion share one body. Clients whose service is not known yet get
/// that body too.
pub(crate) fn dress(spoken: Spoken, problem: &mut Map<String, Value>, status: StatusCode, message: &str) {
    problem.insert("ok".into(), json!(false));
    if spoken == Spoken::Slack {
        problem.insert("error".into(), json!(message));
        return;
    }
    problem.insert("message".into(), json!(message));
    let error = json!({"code": status.as_u16(), "message": message, "status": google_status(status)});
    problem.insert("error".into(), error);
    if spoken == Spoken::Notion {
        problem.insert("object".into(), json!("error"));
        problem.insert("code".into(), json!(notion_code(status)));
    }
}

/// Google's own name for a status (google.rpc.Code).
fn google_status(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "UNAUTHENTICATED",
        StatusCode::FORBIDDEN => "PERMISSION_DENIED",
        StatusCode::TOO_MANY_REQUESTS => "RESOURCE_EXHAUSTED",
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => "UNAVAILABLE",
        StatusCode::GATEWAY_TIMEOUT => "DEADLINE_EXCEEDED",
        _ => "INVALID_ARGUMENT",
    }
}

/// Notion's code with the nearest meaning. Its clients show a message only beside one of these codes.
fn notion_code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "unauthorized",
        StatusCode::FORBIDDEN => "restricted_resource",
        StatusCode::TOO_MANY_REQUESTS => "rate_limited",
        status if status.is_server_error() => "service_unavailable",
        _ => "validation_error",
    }
}

#[cfg(test)]
mod tests {
    use datalog::catalog::Dialect;
    use http::HeaderValue;

    use super::*;
    use crate::refusal::spoken::{Client, PROBLEM};

    fn client(path: &str, headers: &[(&'static str, &'static str)]) -> Client {
        let mut all = http::HeaderMap::new();
        for (name, value) in headers {
            all.append(*name, HeaderValue::from_static(value));
        }
        Client::of(path, &all)
    }

    #[test]
    fn slack_is_told_no_as_slack_says_it() {
        let mut problem = Map::new();
        dress(Spoken::Slack, &mut problem, StatusCode::FORBIDDEN, "hallpass denied: no");
        assert_eq!(Spoken::Slack.carries(StatusCode::FORBIDDEN), StatusCode::OK);
        assert_eq!(Value::Object(problem), json!({"ok": false, "error": "hallpass denied: no"}));
    }

    #[test]
    fn only_slacks_web_api_is_told_no_by_200() {
        for path in ["/api/chat.postMessage", "/slack/api/users.profile.get", "/chat.postMessage"] {
            assert_eq!(client(path, &[]).of_service(Dialect::Slack), Spoken::Slack, "{path}");
            assert_eq!(client(path, &[]).of_nobody(), Spoken::Slack, "{path}");
        }
        for path in ["/upload/v1/ABC", "/slack/files-pri/T1-F1/report.pdf", "/slack/api/", "/"] {
            assert_eq!(client(path, &[]).of_service(Dialect::Slack), Spoken::Plain, "{path}");
            let slacks = client(path, &[("user-agent", "@slack:web-api/8.2.0 node/24")]);
            assert_eq!(slacks.of_nobody(), Spoken::Plain, "{path}");
        }
    }

    #[test]
    fn a_client_is_guessed_by_what_it_says_of_itself_and_then_by_its_path() {
        let octokit = ("user-agent", "octokit-rest.js/22.0.1 octokit-core.js/7.0.6 Node.js/24");
        assert_eq!(client("/x/y", &[octokit]).of_nobody(), Spoken::GitHub);
        assert_eq!(client("/x", &[("accept", "application/vnd.github.v3+json")]).of_nobody(), Spoken::GitHub);
        let google = ("x-goog-api-client", "gdcl/2.202.0 gl-python/3.11.2");
        assert_eq!(client("/x", &[google]).of_nobody(), Spoken::Google);
        assert_eq!(client("/x", &[google]).of_service(Dialect::Problem), Spoken::Google, "imported");
        assert_eq!(client("/x", &[google]).of_service(Dialect::GitHub), Spoken::GitHub);
        let notion = ("user-agent", "notionhq-client/5.1.0");
        assert_eq!(client("/notion/v1/pages", &[notion]).of_service(Dialect::Problem), Spoken::Notion);
        assert_eq!(client("/mail/gmail/v1/users/me/messages", &[]).of_nobody(), Spoken::Google);
        assert_eq!(client("/gmail/v1/users/me/messages", &[]).of_nobody(), Spoken::Google);
        assert_eq!(client("/base/repos/o/r", &[]).of_nobody(), Spoken::GitHub);
        assert_eq!(client("/repos/o/r/issues", &[]).of_nobody(), Spoken::GitHub);
        assert_eq!(client("/x/y/repos/o", &[]).of_nobody(), Spoken::Plain);
    }

    #[test]
    fn a_refusal_has_the_media_type_that_is_read() {
        let reads = |accept: &'static str| client("/x", &[("accept", accept)]).reads;
        let octokit = reads("application/vnd.github.v3+json");
        assert_eq!(content_type(Spoken::GitHub, octokit), "application/json");
        assert_eq!(content_type(Spoken::Plain, octokit), "application/json", "also before the pass is known");
        assert_eq!(content_type(Spoken::Google, reads("*/*")), "application/json");
        assert_eq!(content_type(Spoken::Plain, client("/x", &[]).reads), PROBLEM);
        assert_eq!(
            content_type(Spoken::Google, reads("application/json, application/problem+json")),
            PROBLEM
        );
    }
}
