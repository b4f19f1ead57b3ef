//! What the overlays say about connections: scopes, and answers about the connection itself.

use super::*;

#[test]
fn every_scope_that_is_asked_for_says_what_does_not_work_without_it() {
    for service in embedded().services() {
        let oauth = service.oauth.as_ref().unwrap();
        for scope in &oauth.scopes {
            assert!(oauth.without.contains_key(scope), "{}: `{scope}`", service.name);
        }
        let asked = |scope: &&String| !oauth.scopes.contains(scope);
        assert_eq!(oauth.without.keys().find(asked), None, "{}", service.name);
        let operations = oauth.without.values().flatten();
        for operation in operations {
            let id = format!("{}.{operation}", service.name).parse().unwrap();
            assert!(service.operation(&id).is_some(), "{id}");
        }
    }
}

#[test]
fn a_scope_that_includes_another_counts_for_it() {
    let github = service("github").oauth.as_ref().unwrap();
    let granted = ["repo", "user"].map(String::from);
    for scope in ["repo", "public_repo", "read:user", "user:email"] {
        assert!(github.has_scope(scope, &granted), "{scope}");
    }
    assert!(!github.has_scope("admin:org", &granted));
    assert!(!github.has_scope("repo", &["public_repo".into()]));
}

#[test]
fn a_dead_token_of_slack_is_told_by_its_answer() {
    let sign = service("slack").manners.dead_token.as_ref().unwrap();
    for error in ["token_revoked", "token_expired", "invalid_auth", "account_inactive"] {
        assert_eq!(sign.said(200, &serde_json::json!({ "ok": false, "error": error })), Some(error));
    }
    for alive in ["channel_not_found", "missing_scope", "ratelimited", "not_allowed_token_type"] {
        assert_eq!(sign.said(200, &serde_json::json!({ "ok": false, "error": alive })), None);
    }
    assert_eq!(sign.said(200, &serde_json::json!({ "ok": true, "text": "token_revoked" })), None);
}

/// The catalog knows when a grant certainly does not cover an operation. In doubt the operation counts as covered.
#[test]
fn what_a_grant_does_not_carry_is_known_where_it_is_certain() {
    let own = |scopes: &[&str]| scopes.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let (repo, slack) = (own(&["repo", "read:user"]), own(&["chat:write", "channels:read"]));
    for (name, id, granted, is_within) in [
        ("github", "repos/delete", &repo, false),
        ("github", "repos/delete", &own(&["delete_repo"]), true),
        ("github", "gists/create", &repo, false),
        ("github", "gists/get", &repo, true),
        ("github", "issues/create", &repo, true),
        ("github", "issues/create", &own(&["read:user"]), false),
        ("github", "issues/list-for-repo", &own(&["read:user"]), true),
        ("github", "users/list-gpg-keys-for-authenticated-user", &own(&["admin:gpg_key"]), true),
        ("github", "users/list-gpg-keys-for-authenticated-user", &repo, false),
        ("github", "activity/list-notifications-for-authenticated-user", &repo, true),
        ("slack", "chat.postMessage", &slack, true),
        ("slack", "conversations.list", &slack, true),
        ("slack", "conversations.archive", &slack, false),
        ("slack", "files.delete", &slack, false),
        ("slack", "views.open", &slack, true),
        ("gmail", "users.messages.delete", &own(&["https://www.googleapis.com/auth/gmail.modify"]), false),
        ("gmail", "users.messages.trash", &own(&["https://www.googleapis.com/auth/gmail.modify"]), true),
    ] {
        let id = format!("{name}.{id}").parse().unwrap();
        let operation = service(name).operation(&id).unwrap();
        assert_eq!(operation.is_within(granted), is_within, "{id} {granted:?}: {:?}", operation.scopes);
    }
}
