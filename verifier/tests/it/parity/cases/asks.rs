//! Requests that a pass asks about: told to come back, held open, answered yes and no.

use datalog::MintArgs;
use verifier::ports::Opinion;

use crate::common::{Stage, approver, eventually};
use crate::parity::case::{Case, Meant, post, strings};

fn trash() -> Meant {
    post("gmail", "/gmail/v1/users/me/messages/m1/trash", "")
}

const SENT: &str = "POST /gmail/v1/users/me/messages/m1/trash";

fn asking(name: &'static str) -> Case {
    let ask = strings(&["gmail:write", "gmail:delete"]);
    Case::minted("ask", name, MintArgs { ask, ..MintArgs::default() })
}

fn approves(stage: &Stage) {
    eventually("the question", || stage.authority.desk.asked() == 1);
    stage.authority.desk.approve(0);
}

fn denies(stage: &Stage) {
    eventually("the question", || stage.authority.desk.asked() == 1);
    stage.authority.desk.answer(0, Opinion::Denied { because: Some("not today".into()) });
}

pub(super) fn asks() -> Vec<Case> {
    const REQUIRED: &str = "not sent approval-required";
    vec![
        asking("nobody has answered").asks(trash(), "approval-required").records(&[REQUIRED]),
        asking("approved, and sent again")
            .asks(trash(), "approval-required")
            .happens(approves)
            .asks(trash(), "200")
            .sends(&[SENT])
            .records(&[REQUIRED, "sent allow [200 8]"]),
        asking("approved once")
            .asks(trash(), "approval-required")
            .happens(approves)
            .asks(trash(), "200")
            .asks(trash(), "approval-required")
            .sends(&[SENT])
            .records(&[REQUIRED, "sent allow [200 8]", REQUIRED]),
        held_until_it_is_approved(),
        asking("held, and nobody answers").asks(trash().waiting(1), "approval-required").records(&[REQUIRED]),
        asking("held until it is denied")
            .asks_while(trash().waiting(30), denies, "approval-denied")
            .records(&["not sent approval-denied"]),
        asking("denied, and sent again")
            .asks(trash(), "approval-required")
            .happens(denies)
            .asks(trash(), "approval-denied")
            .records(&[REQUIRED, "not sent approval-denied"]),
        asking("held while everything is stopped")
            .asks_while(
                trash().waiting(30),
                |stage| {
                    eventually("the question", || stage.authority.desk.asked() == 1);
                    stage.authority.stopped.store(true, std::sync::atomic::Ordering::SeqCst);
                },
                "stopped",
            )
            .records(&["not sent stopped"]),
        asking("signed by somebody who is no approver")
            .asks(trash(), "approval-required")
            .happens(|stage| {
                let block = stage.authority.desk.signed(0, &approver("mallory", 9), |_| {});
                stage.authority.desk.answer(0, Opinion::Approved { blocks: vec![block] });
            })
            .asks(trash(), "approval-required")
            .records(&[REQUIRED, REQUIRED]),
    ]
}

pub(crate) fn held_until_it_is_approved() -> Case {
    asking("held until it is approved")
        .asks_while(trash().waiting(30), approves, "200")
        .sends(&[SENT])
        .records(&["sent allow [200 8]"])
}
