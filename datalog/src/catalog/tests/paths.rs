//! Ways to write a path so that another operation is meant: one table for each way, with the result.

use super::classify::{classify, raw};
use super::refusals::{all_are, code, post};

#[test]
fn dot_segments_in_any_encoding_are_refused() {
    all_are(
        "ambiguous-request",
        "github",
        "GET",
        &[
            "/repos/o/r/../x",
            "/repos/o/r/.",
            "/repos/o/..",
            "/repos/o/r/contents/../../x/y",
            "/repos/o/r/contents/a/%2e%2e/b",
            "/repos/o/r/contents/a/%2E./b",
            "/repos/o/%2e%2e/x",
            "/repos/o/r/contents/a%2f..%2fb",
            "/repos/o/r/contents/%252e%252e",
            "/repos/o/r/contents/a%252f%252e%252e",
            "/repos/o/r/contents/%25252e%25252e%25252fx",
            "/repos/o/r/contents/..%5cx",
        ],
    );
}

#[test]
fn hidden_slashes_and_backslashes_are_refused() {
    all_are(
        "ambiguous-request",
        "github",
        "GET",
        &[
            "/repos/o%2Fr/x",
            "/repos/o/r%2fissues",
            "/repos%2Fo%2Fr",
            "/repos/o/r\\x",
            "/repos/o/r%5Cissues",
            "/repos/o%255cx/r",
            "/repos/o%252fx/r",
            "/repos/o/r/git%2Frefs",
            "/repos/o/r/branches/a%2Fprotection",
            "/repos/o/r/commits/a%2Fstatus",
            "/repos/o/r/commits/x%2F/status",
            "/repos/o/r/contents/%2Fx",
            "/repos/o/r/contents/a%2F%2Fb",
            "/gists/a%2Fb",
        ],
    );
    all_are(
        "ambiguous-request",
        "gmail",
        "GET",
        &[
            "/gmail/v1/users/me/messages/a%2Fb",
            "/gmail/v1/users/me%2Fmessages",
            "/gmail%2fv1/users/me/messages",
        ],
    );
}

#[test]
fn control_characters_and_bad_encodings_are_refused() {
    all_are(
        "ambiguous-request",
        "gmail",
        "GET",
        &[
            "/gmail/v1/users/me/messages/%00",
            "/gmail/v1/users/me/messages/a%0d%0aX:%20y",
            "/gmail/v1/users/me/messages/%09",
            "/gmail/v1/users/me/messages/a\u{7f}",
            "/gmail/v1/users/me/messages/a%7f",
            "/gmail/v1/users/me/messages/%c2%85",
            "/gmail/v1/users/me/messages/a b",
            "/gmail/v1/users/me/messages/é",
            "/gmail/v1/users/me/messages/%ff",
            "/gmail/v1/users/me/messages/%c0%af",
            "/gmail/v1/users/me/messages/%e0%80%af",
            "/gmail/v1/users/me/messages/%ed%a0%80",
            "/gmail/v1/users/me/messages/%",
            "/gmail/v1/users/me/messages/%4",
            "/gmail/v1/users/me/messages/%zz",
            "/gmail/v1/users/me/messages/%u0061",
            "/gmail/v1/users/me/messages/1%2500",
        ],
    );
}

#[test]
fn empty_segments_parameters_and_fragments_are_refused() {
    all_are(
        "ambiguous-request",
        "gmail",
        "GET",
        &[
            "//gmail/v1/users/me/messages",
            "/gmail//v1/users/me/messages",
            "/gmail/v1/users/me/messages/",
            "/gmail/v1/users//messages",
            "/gmail/v1/users/me/messages;a=b",
            "/gmail/v1/users/me;x/messages",
            "/gmail/v1/users/me/messages/a%3bb",
            "/gmail/v1/users/me/messages#f",
            "gmail/v1/users/me/messages",
            "",
            "http://evil.example/gmail/v1/users/me/messages",
            "/gmail/v1/users/me/messages/%3b",
            "@evil.example/x",
        ],
    );
}

#[test]
fn another_case_or_spelling_of_a_path_is_no_operation() {
    all_are(
        "unknown-operation",
        "gmail",
        "GET",
        &[
            "/Gmail/v1/users/me/messages",
            "/gmail/V1/users/me/messages",
            "/gmail/v1/users/me/Messages",
            "/gmail/v1beta/users/me/messages",
            "/gmail/v1/users/me/messages/1/trash",
            "/",
            "/gmail",
            "/gmail/v1/users/me/messages/1/2/3",
        ],
    );
    all_are(
        "unknown-operation",
        "github",
        "GET",
        &[
            "/repositories/1",
            "/repositories/1/issues",
            "/repos/o",
            "/repos/o/r/issues/one",
            "/repos/o/r/issues/1e3",
            "/repos/o/r/issues/+1",
            "/repos/o/r/issues/01",
            "/repos/o/r/issues/9007199254740993",
            "/repos/o/r/releases/newest",
            "/user/repos/1",
        ],
    );
}

#[test]
fn a_literal_beats_a_parameter_and_its_other_methods_are_not_borrowed() {
    let id =
        |method, target: &str| classify("github", &raw(method, target)).unwrap().operation.id.to_string();
    assert_eq!(id("GET", "/gists/public"), "github.gists/list-public");
    assert_eq!(id("GET", "/gists/abc"), "github.gists/get");
    assert_eq!(id("GET", "/repos/o/r/releases/latest"), "github.repos/get-latest-release");
    assert_eq!(id("GET", "/repos/o/r/issues/comments"), "github.issues/list-comments-for-repo");
    assert_eq!(id("GET", "/repos/o/r/branches/a/protection"), "github.repos/get-branch-protection");
    assert_eq!(id("GET", "/repos/o/r/branches/a/b/protection"), "github.repos/get-branch-protection");
    assert_eq!(id("GET", "/repos/o/r/branches/a/b"), "github.repos/get-branch");
    assert_eq!(id("GET", "/repos/o/r/compare/a...b"), "github.repos/compare-commits");
    assert_eq!(id("GET", "/repos/o/r/compare/a/x...b"), "github.repos/compare-commits-with-basehead");
    // Any gist can be deleted, but this path is the list of public gists. Nobody can say which one wins upstream.
    all_are("unknown-operation", "github", "DELETE", &["/gists/public", "/gists/starred"]);
    let disable = "/gmail/v1/users/me/settings/cse/keypairs/k:disable";
    assert_eq!(code("gmail", &raw("GET", disable)), "unknown-operation");
    let request = classify("gmail", &post(disable, "application/json", b"{}")).unwrap();
    assert_eq!(request.operation.id.as_str(), "gmail.users.settings.cse.keypairs.disable");
    assert_eq!(request.path, disable);
}

#[test]
fn an_escaped_slash_is_a_plain_one_where_paths_have_slashes_and_data_where_names_do() {
    let request = |method, target: &str| classify("github", &raw(method, target)).unwrap();
    let plain = request("GET", "/repos/o/r/contents/d/e.txt");
    let escaped = request("GET", "/repos/o/r/contents/d%2Fe.txt");
    assert_eq!(plain.digest(), escaped.digest());
    assert_eq!(escaped.path, "/repos/o/r/contents/d/e.txt");
    assert!(
        escaped.resources.iter().any(|resource| &*resource.kind == "file" && resource.id == "o/r/d/e.txt")
    );
    assert_eq!(request("GET", "/repos/o/r/contents").operation.id.as_str(), "github.repos/get-content");
    assert_eq!(request("GET", "/repos/o/r/labels/area%2Fui").path, "/repos/o/r/labels/area%2Fui");
    assert_eq!(request("GET", "/repos/o/r/git/ref/heads/a%2Fb").path, "/repos/o/r/git/ref/heads/a/b");
    // A reader that decodes first would find a version here, and not the package.
    assert_eq!(code("github", &raw("DELETE", "/orgs/o/packages/npm/a%2Fversions%2F5")), "ambiguous-request");
}
