//! Tests the comparison itself: it finds a surface that skips something, and names what it skipped.

use datalog::Narrowing;
use datalog::flags;
use verifier::direct::Got;

use super::case::{Case, Meant, allows, get, narrowed, post};
use super::compared;
use super::outcome::{Came, play};
use super::surfaces::{Door, InProcess, SURFACES, Surface};
use crate::common::{Stage, json};

/// The steps that a surface may forget.
#[derive(Clone, Copy)]
enum Forgets {
    Headers,
    Query,
    Body,
    Waiting,
    ThatItAskedAlready,
}

struct Careless(InProcess, Forgets);

impl Surface for Careless {
    fn asks(&mut self, pass: &str, meant: &Meant) -> Got {
        let meant = meant.clone();
        let meant = match self.1 {
            Forgets::Headers => Meant { headers: Vec::new(), ..meant },
            Forgets::Query => Meant { query: None, ..meant },
            Forgets::Body => Meant { body: b"{}".to_vec(), ..meant },
            Forgets::Waiting => Meant { wait: 0, ..meant },
            Forgets::ThatItAskedAlready => {
                self.0.asks(pass, &meant);
                meant
            }
        };
        self.0.asks(pass, &meant)
    }

    fn closes(self: Box<Self>) {
        Box::new(self.0).closes();
    }
}

fn of(open: fn(&Stage) -> Box<dyn Surface>) -> Door {
    Door { name: "careless", open }
}

fn limited() -> Case {
    let narrow = Narrowing::default().with(&flags::LIMIT, ["read=2"]);
    Case::minted("careless", "one that is counted", narrowed(&["github:read"], narrow))
        .asks(get("github", "/user"), "200")
        .sends(&["GET /user"])
        .records(&["sent allow [200 8]"])
}

#[test]
fn a_surface_that_skips_something_is_found_out() {
    let read = |query: &str| {
        let target = format!("GET /user/repos{query}");
        let line: &'static str = target.leak();
        Case::minted("careless", "a read", allows(&["github:read"]))
            .asks(get("github", &format!("/user/repos{query}")).with("If-None-Match", "\"e\""), "200")
            .sends(&[line])
            .records(&["sent allow [200 8]"])
    };
    let write = Case::minted("careless", "a write", allows(&["github:write", "github:send", "github:run"]))
        .asks(post("github", "/repos/o/r/issues/1/comments", r#"{"body":"x"}"#), "200")
        .sends(&["POST /repos/o/r/issues/1/comments"])
        .records(&["sent allow [200 8]"]);
    let asked = super::cases::held_until_it_is_approved();
    let found: [(Case, Door, &str); 5] = [
        (read(""), of(|stage| Box::new(Careless(InProcess::on(stage), Forgets::Headers))), "what was sent"),
        (
            read("?page=2"),
            of(|stage| Box::new(Careless(InProcess::on(stage), Forgets::Query))),
            "was sent, not",
        ),
        (write, of(|stage| Box::new(Careless(InProcess::on(stage), Forgets::Body))), "came, not"),
        (asked, of(|stage| Box::new(Careless(InProcess::on(stage), Forgets::Waiting))), "came, not"),
        (
            limited(),
            of(|stage| Box::new(Careless(InProcess::on(stage), Forgets::ThatItAskedAlready))),
            "budgets",
        ),
    ];
    let [first, ..] = &SURFACES;
    for (case, careless, what) in found {
        let doors = [Door { name: first.name, open: first.open }, careless];
        let (table, flawed) = compared(&[case], &doors);
        assert!(table.contains("base URL: as it has to; careless: OTHERWISE"), "{table}{flawed:?}");
        assert!(flawed.iter().any(|flaw| flaw.contains(what)), "{what}: {flawed:?}");
    }
}

/// Each step that a surface could leave out makes a difference.
#[test]
fn whatever_differs_is_named() {
    let case = limited().upstream(|_| json("401 Unauthorized", "{}"));
    let [first, ..] = &SURFACES;
    let came = play(&case, first);
    assert!(came.differences(&came).is_empty());
    type Change = fn(&mut Came);
    let others: [(&str, Change); 7] = [
        ("what the agent got", |came| came.got.clear()),
        ("what was sent", |came| came.sent[0].headers.clear()),
        ("records", |came| came.records[0].push('x')),
        ("budgets", |came| came.budgets.clear()),
        ("leases", |came| came.leases += 1),
        ("questions", |came| came.questions.push("another".into())),
        ("signs", |came| came.signs.clear()),
    ];
    for (what, change) in others {
        let mut other = came.clone();
        change(&mut other);
        let differ = came.differences(&other);
        assert!(matches!(&differ[..], [one] if one.starts_with(what)), "{what}: {differ:?}");
    }
}
