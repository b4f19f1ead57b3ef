//! The attempts of attackers and clients, as data: every case of `tests/red_team/*.toml` goes through a real authority
//! and a real gateway to a provider that logs. One file is one family. The printed table says how many of each held.
//!
//! A family also names the tests elsewhere that hold it, and what stays open on purpose.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use base64::Engine as _;
use harness::{Hallpass, Logged, LoggingUpstream, Put, raw, source};
use serde::Deserialize;

/// As many worlds at once as the CI machine has cores.
const WORLDS: usize = 2;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    /// The family's promise, in one sentence.
    claim: String,
    /// Tests elsewhere that also hold it.
    #[serde(default)]
    tests: Vec<String>,
    /// What stays open, each with its reason.
    #[serde(default)]
    open: Vec<String>,
    #[serde(default, rename = "case")]
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Flags as for `hallpass mint`.
    pass: Vec<String>,
    #[serde(default)]
    request: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<String>,
    body_base64: Option<String>,
    /// The exact bytes of the request, instead of a request line.
    raw: Option<String>,
    #[serde(default)]
    upstream: Vec<Page>,
    outcome: Outcome,
    /// Whether the request itself reached the provider. An allowed request did, unless this field says otherwise.
    sent: Option<bool>,
    #[serde(default)]
    hides: Vec<String>,
    #[serde(default)]
    shows: Vec<String>,
    #[serde(default)]
    upstream_hides: Vec<String>,
    #[serde(default)]
    upstream_shows: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Outcome {
    One(String),
    AnyOf(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    path: String,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default = "json", rename = "type")]
    kind: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    body_base64: Option<String>,
}

fn ok() -> u16 {
    200
}

fn json() -> String {
    "application/json".to_owned()
}

fn families() -> Vec<(String, Family)> {
    let files = source::files().into_iter().filter(|path| path.starts_with("tests/red_team/"));
    files
        .map(|path| {
            let text = std::fs::read_to_string(source::root().join(&path)).unwrap();
            let family = toml::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
            let name = path.trim_start_matches("tests/red_team/").trim_end_matches(".toml").to_owned();
            (name, family)
        })
        .collect()
}

fn decoded(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

impl Page {
    fn put(&self) -> Put {
        let mut headers = vec![("content-type".to_owned(), self.kind.clone())];
        headers.extend(self.headers.iter().cloned());
        let body = self.body_base64.as_deref().map_or_else(|| self.body.clone().into_bytes(), decoded);
        Put { status: self.status, headers, body: body.into() }
    }
}

impl Outcome {
    fn takes(&self, got: &str) -> bool {
        match self {
            Self::One(one) => one == got,
            Self::AnyOf(all) => all.iter().any(|one| one == got),
        }
    }
}

/// A Hallpass with every service connected to one provider that logs.
struct World {
    hallpass: Hallpass,
    upstream: LoggingUpstream,
}

impl World {
    fn new() -> Self {
        let upstream = LoggingUpstream::start();
        let mut hallpass = Hallpass::new().with_logging(&upstream);
        hallpass.serve();
        Self { hallpass, upstream }
    }

    fn host(&self) -> &str {
        self.hallpass.gateway.trim_start_matches("http://")
    }

    /// The bytes of the request.
    fn bytes(&self, case: &Case, pass: &str) -> Vec<u8> {
        let filled = |text: &str| text.replace("$HOST", self.host()).replace("$PASS", pass);
        if let Some(raw) = &case.raw {
            return filled(raw).into_bytes();
        }
        let (method, target) = case.request.split_once(' ').expect("`request` is METHOD TARGET");
        let body = match (&case.body, &case.body_base64) {
            (_, Some(encoded)) => decoded(encoded),
            (body, None) => filled(body.as_deref().unwrap_or_default()).into_bytes(),
        };
        let mut head = format!("{method} {} HTTP/1.1\r\nhost: {}\r\n", filled(target), self.host());
        let has = |name: &str| case.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        if !has("authorization") {
            let _ = write!(head, "authorization: Bearer {pass}\r\n");
        }
        if !body.is_empty() {
            let _ = write!(head, "content-length: {}\r\n", body.len());
            if !has("content-type") {
                head.push_str("content-type: application/json\r\n");
            }
        }
        for (name, value) in &case.headers {
            let _ = write!(head, "{name}: {}\r\n", filled(value));
        }
        head.push_str("\r\n");
        [head.into_bytes(), body].concat()
    }

    /// What did not hold, if anything.
    fn fault(&self, case: &Case) -> Option<String> {
        let mut mint = vec!["mint", "a case of the red team"];
        mint.extend(case.pass.iter().map(String::as_str));
        let minted = self.hallpass.run(&mint);
        if minted.code != 0 {
            return Some(format!("no pass was minted: {}", minted.stderr));
        }
        let pass = minted.line();
        self.upstream.forget();
        for page in &case.upstream {
            self.upstream.answer(&page.path, page.put());
        }
        let answer = raw::exchange(self.host(), &self.bytes(case, &pass));
        let logged = self.upstream.logged();
        self.judge(case, &pass, &answer, &logged)
    }

    fn judge(&self, case: &Case, pass: &str, answer: &raw::RawAnswer, logged: &[Logged]) -> Option<String> {
        let code = answer.refusal().unwrap_or_else(|| "allow".to_owned());
        let shown = answer.text();
        if !case.outcome.takes(&code) {
            return Some(format!("expected {:?}, got `{code}`:\n{shown}", case.outcome));
        }
        let (method, target) = self.addressed(case, pass);
        let itself = |seen: &&Logged| seen.method == method && target.ends_with(&path_of(&seen.target));
        let sent =
            if case.raw.is_some() { !logged.is_empty() } else { logged.iter().any(|seen| itself(&seen)) };
        if let Some(expected) = case.sent.or_else(|| (code == "allow").then_some(true))
            && expected != sent
        {
            return Some(format!(
                "sent: expected {expected}, got {sent}; the provider saw:\n{}",
                all(logged)
            ));
        }
        let filled = |word: &String| word.replace("$HOST", self.host()).replace("$PASS", pass);
        let seen = all(logged);
        for (words, text, wanted) in [
            (&case.hides, &shown, false),
            (&case.shows, &shown, true),
            (&case.upstream_hides, &seen, false),
            (&case.upstream_shows, &seen, true),
        ] {
            for word in words.iter().map(filled) {
                if text.contains(&word) != wanted {
                    let not = if wanted { "is not" } else { "is" };
                    return Some(format!("`{word}` {not} in:\n{text}"));
                }
            }
        }
        None
    }

    fn addressed(&self, case: &Case, pass: &str) -> (String, String) {
        let (method, target) = case.request.split_once(' ').unwrap_or_default();
        let target = target.replace("$HOST", self.host()).replace("$PASS", pass);
        (method.to_owned(), path_of(&target))
    }
}

fn path_of(target: &str) -> String {
    target.split(['?', '#']).next().unwrap_or_default().to_owned()
}

fn all(logged: &[Logged]) -> String {
    logged.iter().map(Logged::text).collect::<Vec<_>>().join("\n---\n")
}

struct Row {
    name: String,
    line: String,
    faults: Vec<String>,
}

fn run(world: &World, name: &str, family: &Family) -> Row {
    let mut faults = Vec::new();
    for case in &family.cases {
        if let Some(fault) = world.fault(case) {
            faults.push(format!("{name}: {}\n{fault}\n", case.name));
        }
    }
    let (inputs, held) = (family.cases.len(), family.cases.len() - faults.len());
    let (tests, open) = (family.tests.len(), family.open.len());
    let line =
        format!("{name:<24} {held:>4} of {inputs:<4} {tests:>3} tests  {open:>2} open  {}", family.claim);
    Row { name: name.to_owned(), line, faults }
}

#[test]
fn every_family_holds() {
    let families = families();
    // `cargo test … -- every_family_holds NAME` runs the family of that name alone.
    let only: Vec<_> =
        families.iter().filter(|(name, _)| std::env::args().any(|word| word == *name)).collect();
    let wanted: Vec<_> = if only.is_empty() { families.iter().collect() } else { only };
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Vec::<Row>::new()));
    thread::scope(|scope| {
        for _ in 0..WORLDS.min(wanted.len()) {
            scope.spawn(|| {
                let world = World::new();
                while let Some((name, family)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let row = run(&world, name, family);
                    rows.lock().unwrap().push(row);
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let table: Vec<&str> = rows.iter().map(|row| row.line.as_str()).collect();
    let inputs: usize = wanted.iter().map(|(_, family)| family.cases.len()).sum();
    let faults: Vec<String> = rows.iter().flat_map(|row| row.faults.clone()).collect();
    println!("{}\n{} of {inputs} inputs held", table.join("\n"), inputs - faults.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_test_that_a_family_names_is_there() {
    let declared: BTreeSet<String> =
        source::sources("").iter().flat_map(|source| declared_in(&source.text)).collect();
    for (name, family) in families() {
        assert!(!family.cases.is_empty() || !family.tests.is_empty(), "{name} has no case and no test");
        for test in &family.tests {
            assert!(declared.contains(test), "{name}: there is no test `{test}`");
        }
    }
}

fn declared_in(text: &str) -> Vec<String> {
    let names = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
    names.map(|name| name.trim().to_owned()).collect()
}
