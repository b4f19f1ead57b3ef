//! The examples, run as a person runs them.

use harness::{Hallpass, Upstream, python};

#[test]
fn a_parent_in_python_hands_each_child_only_what_it_needs() {
    let mut hallpass = Hallpass::new();
    let google = Upstream::google(hallpass.redirect_port);
    hallpass = hallpass.with_google(&google);
    hallpass.connect("gmail");
    hallpass.serve();
    let pass =
        hallpass.mint(&["answer my mail", "--allow", "gmail:read", "--allow", "gmail.users.drafts.create"]);
    let output = python("../examples/handoff.py")
        .env("PASS", &pass)
        .env("GATEWAY", hallpass.base("gmail"))
        .env("AUTHORITY", &hallpass.authority)
        .output()
        .expect("the example runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines[0].starts_with("reader: read alice-"), "{printed}");
    assert!(lines[1].starts_with("writer: drafted "), "{printed}");
    for line in &lines[2..4] {
        assert!(line.contains("denied") || line.contains("expected"), "{line}");
    }
    assert_eq!(google.seen_at("/gmail/v1/users/me/drafts").len(), 1, "the reader drafted nothing");
}
