//! Everything that the gateway holds whole shares a limit, and takes its share before anything leaves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

#[path = "it/common/mod.rs"]
mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use common::{Kind, Stage, Step, eventually, request};
use datalog::{MintArgs, Narrowing, flags};
use verifier::{GatewayConfig, Limits};

const MIB: usize = 1024 * 1024;
const MESSAGE: &str = "/gmail/gmail/v1/users/me/messages/m1";

/// Returns an answer that is judged and is nearly as large as an answer may be. Its pieces take no memory here.
fn large() -> Vec<Step> {
    static WORDS: [u8; MIB] = [b'x'; MIB];
    let (before, after) =
        (r#"{"id":"m1","threadId":"t1","internalDate":"1790000000000","snippet":""#, r#""}"#);
    let length = before.len() + 7 * MIB + after.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{before}"
    );
    let mut steps = vec![Step::send(head)];
    steps.extend((0..7).map(|_| Step::Static(&WORDS)));
    steps.push(Step::send(after));
    steps
}

fn stage(answers: usize, turn: Duration) -> (Stage, String) {
    let limits = Limits { answers, turn, ..Limits::default() };
    let stage = Stage::with(GatewayConfig { threads: 1, limits, ..GatewayConfig::default() });
    let pass = stage.mint(&MintArgs {
        allow: vec!["gmail:read".into()],
        narrow: Narrowing::default().with(&flags::NEWER_THAN, ["24h"]),
        ..MintArgs::default()
    });
    (stage, pass)
}

/// Returns the most memory that this process has had at one time.
#[expect(clippy::expect_used, reason = "how a test fails")]
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let kib: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}

/// Reads an answer and keeps nothing of it. Returns its length.
#[expect(clippy::expect_used, clippy::indexing_slicing, reason = "how a test fails")]
fn length_of_answer(stage: &Stage, pass: &str) -> usize {
    let pass = format!("Authorization: Bearer {pass}");
    let mut stream = TcpStream::connect(stage.address).expect("a gateway");
    stream.write_all(&request("GET", MESSAGE, &[&pass, "Connection: close"], b"")).expect("it is taken");
    let (mut length, mut buffer) = (0, [0; 16 * 1024]);
    loop {
        let read = stream.read(&mut buffer).expect("an answer");
        if length == 0 {
            assert!(
                buffer[..read].starts_with(b"HTTP/1.1 200"),
                "{}",
                String::from_utf8_lossy(&buffer[..read])
            );
        }
        if read == 0 {
            return length;
        }
        length += read;
    }
}

#[test]
fn many_large_answers_that_are_judged_at_once_have_bounded_room() {
    let (stage, pass) = stage(16 * MIB, Duration::from_secs(120));
    stage.upstream.answers(|_| large());
    // First one answer, so that the memory of the process and of one answer is in the peak.
    assert!(length_of_answer(&stage, &pass) > 7 * MIB);
    let before = peak();
    thread::scope(|scope| {
        let agents: Vec<_> = (0..12).map(|_| scope.spawn(|| length_of_answer(&stage, &pass))).collect();
        for agent in agents {
            assert!(agent.join().expect("an answer") > 7 * MIB);
        }
    });
    let grown = peak() - before;
    // All answers together are 84 MiB, and half as much again while they grow.
    assert!(grown < 60 * MIB, "grew by {} MiB", grown / MIB);
    assert_eq!(stage.upstream.seen().len(), 13);
}

#[test]
fn room_for_an_answer_is_taken_before_its_request_leaves() {
    let (stage, pass) = stage(8 * MIB, Duration::from_millis(200));
    let (gate, open) = Step::gate();
    let mut gate = Some(gate);
    stage.upstream.answers(move |_| {
        let mut steps: Vec<Step> = gate.take().into_iter().collect();
        steps.extend(large());
        steps
    });
    thread::scope(|scope| {
        let first = scope.spawn(|| length_of_answer(&stage, &pass));
        eventually("the first at the service", || stage.upstream.seen().len() == 1);
        let second = stage.get(&pass, MESSAGE);
        assert_eq!((second.status, second.code().as_str()), (503, "overloaded"), "{second:?}");
        assert!(second.header("retry-after").is_some());
        let last = stage.authority.written().pop().unwrap();
        assert_eq!((last.kind, last.record.decision), (Kind::Refusal, "overloaded"), "it never left");
        // An answer that is not judged needs no memory.
        let other = stage.pass(&["github:read"]);
        stage.get(&other, "/github/user");
        open.send(()).unwrap();
        assert!(first.join().unwrap() > 7 * MIB);
    });
    assert!(length_of_answer(&stage, &pass) > 7 * MIB, "the room is free again");
}
