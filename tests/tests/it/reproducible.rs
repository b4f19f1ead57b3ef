//! Tools that know nothing of Hallpass reach the same decisions from the output of `can --datalog`: a generated
//! corpus of decisions on requests and on items of their answers, from one seed, over the flags, the vocabulary and
//! the catalog.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use datalog::RawRequest;
use datalog::catalog::Catalog;
use datalog::json::Json;
use datalog::response::{Item, items, writing};
use datalog::transcript::{world, world_of_item};
use datalog::{
    AttenuateArgs, Content, Context, Decided, Ground, Known, KnownConnection, MintArgs, MintTerms, Narrowing,
    PassCache, PassId, Permitted, Request, RootKeyPair, RootKeys, Spent, attenuate, decide, flags,
};
use harness::{node, part, python};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().expect("the catalog"));

const NOW: i64 = 1_795_338_000;

const TARGETS: &[&str] = &[
    "gmail:read",
    "gmail:write",
    "gmail:send",
    "gmail.users.messages.*",
    "gmail.users.drafts.create",
    "gmail.users.settings.*",
    "google-calendar:read",
    "google-calendar:write",
    "google-calendar:send",
    "google-drive:read",
    "google-drive:share",
    "google-drive:write",
    "github:read",
    "github:write",
    "github:send",
    "github.issues/*",
    "slack:read",
    "slack:send",
    "*.delete",
];
const LIMITS: &[&str] = &[
    "send=2",
    "send=2/h",
    "read=3/m",
    "gmail:recipients=3",
    "bytes=10kB",
    "gmail.users.messages.get=1",
    "github:bytes=1MB/d",
];
const ARGS: &[&str] = &[
    "gmail.users.messages.list: maxResults<=10, q contains \"is:unread\"",
    "gmail.users.messages.list: maxResults?, q?",
    "github.issues/create: title starts \"[bot]\", body?, owner = \"o\", repo = \"r\"",
];
const CHECKS: &[&str] = &[
    "check all effect($e), {\"read\", \"write\", \"send\"}.contains($e)",
    "check if effects($e), $e.any($x -> {\"read\", \"send\"}.contains($x)), $e.length() < 3",
    "check if method(\"GET\") or arg_count($n), $n < 4",
    "reject if arg(\"q\", $q), $q.contains(\"secret\")",
    "check all recipient($r), $r.ends_with(\"@example.com\") or recipient_count(0)",
    "reject if resource(\"repo\", \"o/private\")",
    "check if path($p), !$p.ends_with(\"/trash\")",
    "check if clock(\"Asia/Tokyo\", $d, $m), $d != \"sun\", $m >= 60",
    "check if request_digest($d), approved($d) or method(\"GET\")",
    "check if host($h), $h.ends_with(\".googleapis.com\") || $h === \"api.github.com\"",
    "check if account($a), service($s), $a + $s != \"x\\\"; allow if true; // \\\\ y\"",
    "reject if seen(\"message\", \"18f\"), created(\"message\", \"18f\")",
    "check all seen($k, $i), $i != \"r-1\" or unseen_count(\"draft\", $n), $n >= 0",
    "reject if item_label(\"SPAM\")",
    "check if stage(\"request\") or item_time($t), $t > 2026-11-21T00:00:00Z or item_shows(\"ids\")",
];
const TO: &[&str] = &["alice@example.com", "bob@example.org"];
const TASKS: &[&str] = &[
    "triage my inbox",
    "x\"); allow if true; operation(\"y",
    "caf\u{e9} \u{202e}gnihsihp\u{2066} \\u{41} \\ end",
    "// not a comment */",
];

/// Connection, request line, and a body.
const REQUESTS: &[(&str, &str, &str)] = &[
    ("gmail", "GET /gmail/v1/users/me/messages", ""),
    ("gmail", "GET /gmail/v1/users/me/messages?maxResults=5&q=is:unread", ""),
    ("gmail", "GET /gmail/v1/users/me/messages?maxResults=50&q=secret", ""),
    ("gmail", "GET /gmail/v1/users/me/messages/18f", ""),
    ("gmail", "GET /gmail/v1/users/me/threads/t1", ""),
    ("gmail", "POST /gmail/v1/users/me/messages/18f/trash", ""),
    ("gmail", "DELETE /gmail/v1/users/me/messages/18f", ""),
    ("gmail", "POST /gmail/v1/users/me/messages/send", "MESSAGE alice@example.com"),
    ("gmail", "POST /gmail/v1/users/me/messages/send", "MESSAGE alice@example.com, eve@evil.example"),
    ("gmail", "POST /gmail/v1/users/me/drafts/send", "{\"id\":\"r-1\"}"),
    ("gmail", "POST /gmail/v1/users/me/drafts", "MESSAGE bob@example.org"),
    ("gmail", "GET /gmail/v1/users/me/settings/filters", ""),
    ("google-calendar", "GET /calendar/v3/calendars/primary/events", ""),
    (
        "google-calendar",
        "POST /calendar/v3/calendars/primary/events",
        "{\"summary\":\"s\",\"attendees\":[{\"email\":\"alice@example.com\"}]}",
    ),
    ("google-drive", "GET /drive/v3/files?q=name", ""),
    ("google-drive", "POST /drive/v3/files/f/permissions", "{\"type\":\"anyone\",\"role\":\"reader\"}"),
    ("google-drive", "DELETE /drive/v3/files/f", ""),
    ("github", "GET /user", ""),
    ("github", "GET /repos/o/private/issues?state=open", ""),
    ("github", "POST /repos/o/r/issues", "{\"title\":\"[bot] \\\"quoted\\\" \\\\ \u{202e}\",\"body\":\"b\"}"),
    ("github", "DELETE /repos/o/r", ""),
    ("slack", "GET /api/conversations.history?channel=C0123ABCD", ""),
    ("slack", "POST /api/chat.postMessage", "{\"channel\":\"C0123ABCD\",\"text\":\"hello\"}"),
];

const SHOWING: &[(&str, &str, &str)] = &[
    ("gmail", "GET /gmail/v1/users/me/messages", ""),
    ("gmail", "GET /gmail/v1/users/me/messages/18f", ""),
    ("gmail", "GET /gmail/v1/users/me/threads/t1", ""),
    ("github", "GET /repos/o/r/issues", ""),
];

/// A generator of numbers that is the same everywhere (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).expect("31 bits") % bound
    }

    fn one<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Some of the items, each once, in order.
    fn some(&mut self, items: &[&str], odds: usize) -> Vec<String> {
        items.iter().filter(|_| self.below(odds) == 0).map(ToString::to_string).collect()
    }
}

fn connections() -> Vec<KnownConnection> {
    let known = |name: &str| KnownConnection {
        name: name.parse().expect("a name"),
        account: "me@example.com".parse().expect("an account"),
        service: CATALOG.service(&name.parse().expect("a service")).expect("a service").clone(),
    };
    ["gmail", "google-calendar", "google-drive", "github", "slack"].map(known).into()
}

fn request(known: &[KnownConnection], dice: &mut Dice) -> Option<Request> {
    // Every third request has an answer with items.
    let (name, line, body) = if dice.below(3) == 0 { dice.one(SHOWING) } else { dice.one(REQUESTS) };
    let connection = known.iter().find(|one| one.name.as_str() == name)?;
    let (method, target) = line.split_once(' ')?;
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let body = match body.strip_prefix("MESSAGE ") {
        Some(to) => {
            let raw = URL_SAFE.encode(format!("From: me@example.com\r\nTo: {to}\r\n\r\nhello"));
            if path.ends_with("/drafts") {
                json!({"message": {"raw": raw}}).to_string()
            } else {
                json!({"raw": raw}).to_string()
            }
        }
        None => body.to_owned(),
    };
    let raw = RawRequest {
        query,
        content_type: (!body.is_empty()).then_some("application/json"),
        body: body.as_bytes(),
        ..RawRequest::new(method, path)
    };
    let understood = connection.service.classify(&connection.name, &connection.account, &raw);
    Some(understood.unwrap_or_else(|error| panic!("{line}: {error}")))
}

fn pass(known: &[KnownConnection], dice: &mut Dice, now: OffsetDateTime) -> Option<String> {
    let args = MintArgs {
        task: dice.one(TASKS).into(),
        allow: dice.some(TARGETS, 2),
        ask: dice.some(TARGETS, 8),
        deny: dice.some(TARGETS, 12),
        narrow: Narrowing::default()
            .with(&flags::TO, dice.some(TO, 6))
            .with(&flags::ARG, dice.some(ARGS, 9))
            .with(&flags::LIMIT, dice.some(LIMITS, 5))
            .with(&flags::CHECK, dice.some(CHECKS, 14))
            .with(
                &flags::DURING,
                dice.some(&["mon-sun 00:00-24:00 Europe/Berlin", "mon-fri 09:00-17:00 UTC"], 6),
            )
            .with(&flags::ONLY_SEEN, dice.some(&["message", "gmail:thread", "issue"], 8))
            .with(&flags::ONLY_CREATED, dice.some(&["draft"], 8))
            .with(&flags::NEWER_THAN, dice.some(&["gmail:24h", "github:2h", "today@Europe/Berlin"], 4))
            .with(&flags::MAX_ITEMS, dice.some(&["gmail:2"], 6))
            .with(&flags::REDACT, dice.some(&["labelIds", "payload.body"], 8)),
        ..MintArgs::default()
    };
    // If flags contradict each other, or say nothing, there is no pass.
    let minted =
        MintTerms::parse(&args, known, now).ok()?.mint(&PassId::from_random([9; 16]), &root()).ok()?;
    let mut text = minted.text;
    let services: Vec<_> = known.iter().map(|one| one.service.clone()).collect();
    for _ in 0..dice.below(2) {
        let narrower = AttenuateArgs {
            only: dice.some(TARGETS, 2),
            deny: dice.some(TARGETS, 12),
            narrow: Narrowing::default()
                .with(&flags::LIMIT, dice.some(LIMITS, 8))
                .with(&flags::CHECK, dice.some(CHECKS, 14))
                .with(&flags::NEWER_THAN, dice.some(&["gmail:1h"], 3))
                .with(&flags::ONLY_SEEN, dice.some(&["message"], 6))
                .with(&flags::FOR, ["10m"]),
            ..AttenuateArgs::default()
        };
        text = attenuate(&text, &narrower, &services, now).map_or(text, |child| child.text);
    }
    Some(text)
}

fn root() -> RootKeyPair {
    RootKeyPair::from_seed(1, [7; 32])
}

/// A world, and the answer that a tool must reach.
struct Case {
    world: String,
    answer: &'static str,
}

fn corpus(size: usize) -> Vec<Case> {
    let (mut dice, known) = (Dice(0x9E37_79B9_7F4A_7C15), connections());
    let now = OffsetDateTime::from_unix_timestamp(NOW).expect("a date");
    let (cache, roots) = (PassCache::new(1), RootKeys::new([root().public()]));
    let mut cases = Vec::new();
    while cases.len() < size {
        let Some(text) = pass(&known, &mut dice, now) else { continue };
        let pass = cache.verify(&text, &roots, &|_| false, now).expect("what was minted is a pass");
        for _ in 0..16 {
            let Some(request) = request(&known, &mut dice) else { continue };
            let used = Spent::from(dice.below(4) as u64);
            let context = Context {
                used: pass.limits().iter().map(|limit| (limit.budget.clone(), used)).collect(),
                approved: (dice.below(5) == 0).then(|| request.digest()),
                known: known_of(&request, &mut dice),
                ..Context::default()
            };
            let world = world(pass.content(), &request, &context, now);
            match decide(&pass, request, &context, now) {
                Decided::Allow(permitted) => {
                    cases.push(Case { world, answer: "allow" });
                    let item =
                        |item: &Item| world_of_item(pass.content(), permitted.request(), &context, now, item);
                    cases.extend(items_of(&permitted, pass.content(), &item, &mut dice));
                }
                Decided::Ask(_) => {
                    let approved = world.replace("// approved(", "approved(");
                    cases.push(Case { world, answer: "deny" });
                    cases.push(Case { world: approved, answer: "allow" });
                }
                // If an expression has no value, a tool's answer may depend on the order of its facts.
                Decided::Deny(refused)
                    if refused.ground() == Ground::Unevaluable && !world.contains("before anything") => {}
                Decided::Deny(_) => cases.push(Case { world, answer: "deny" }),
            }
        }
    }
    cases
}

static CORPUS: LazyLock<Vec<Case>> = LazyLock::new(|| corpus(800));

/// The things of the request that earlier answers have shown.
fn known_of(request: &Request, dice: &mut Dice) -> Known {
    let mut known = Known::default();
    for one in &request.resources {
        match dice.below(3) {
            0 => {}
            1 => drop(known.seen.insert(one.clone())),
            _ => {
                known.seen.insert(one.clone());
                known.created.insert(one.clone());
            }
        }
    }
    known
}

/// The items of an answer to the request, each with the pass's verdict: shown, shown only by its ids, or withheld.
fn items_of(
    permitted: &Permitted,
    content: &Content,
    world: &dyn Fn(&Item) -> String,
    dice: &mut Dice,
) -> Vec<Case> {
    let Some(review) = permitted.review().filter(|review| review.judges()) else { return Vec::new() };
    let request = permitted.request();
    let Some(answer) = answer(request, dice) else { return Vec::new() };
    let found = items(request, writing(content, request), &answer);
    let case = |item: &Item, answer| Case { world: world(item), answer };
    let Ok(reviewed) = review.apply(request, answer) else {
        // The answer is refused because of at least one item. With several items, nobody knows which.
        return found.iter().filter(|_| found.len() == 1).map(|item| case(item, "deny")).collect();
    };
    let mut cases = Vec::new();
    for (place, item) in found.iter().enumerate() {
        let marks =
            item_at(request, &reviewed.answer, place).and_then(|item| item.field("hallpass").cloned());
        let has = |mark: &str| marks.as_ref().is_some_and(|marks| marks.field(mark).is_some());
        match (has("withheld"), has("shows")) {
            (true, _) => cases.push(case(item, "deny")),
            (_, true) => cases.extend([case(item, "deny"), case(&item.bare(), "allow")]),
            _ => cases.push(case(item, "allow")),
        }
    }
    cases
}

/// An answer in the service's form, with items of any age.
fn answer(request: &Request, dice: &mut Dice) -> Option<Json> {
    let list = match request.operation.id.as_str() {
        "gmail.users.messages.list" | "gmail.users.threads.get" => Some("messages"),
        "gmail.users.messages.get" | "github.issues/list-for-repo" => None,
        _ => return None,
    };
    let mut item = || {
        let age = dice.one(&[60, 5_000, 50_000, 200_000]);
        let updated = OffsetDateTime::from_unix_timestamp(NOW - age).expect("a date").format(&Rfc3339);
        let labels = dice.some(&["INBOX", "SPAM", "UNREAD"], 2);
        json!({ "id": "m", "threadId": "t", "number": 1, "title": "x", "snippet": "hello", "labelIds": labels,
            "internalDate": ((NOW - age) * 1_000).to_string(), "updated_at": updated.expect("a text") })
    };
    let several: Vec<_> = match request.operation.id.as_str() {
        "gmail.users.messages.get" => vec![item()],
        _ => (0..3).map(|_| item()).collect(),
    };
    let text = match list {
        Some(name) => json!({ name: several }).to_string(),
        None if several.len() == 1 => several[0].to_string(),
        None => json!(several).to_string(),
    };
    Some(Json::parse(text.as_bytes()).expect("JSON"))
}

fn item_at<'a>(request: &Request, answer: &'a Json, place: usize) -> Option<&'a Json> {
    let path = &request.operation.answer.as_ref()?.items;
    match path.iter().try_fold(answer, |json, name| json.field(name))? {
        Json::Array(items) => items.get(place),
        one => Some(one),
    }
}

/// Runs the corpus through a tool that answers with one line for each world.
fn a_tool_decides_the_same(mut tool: Command) {
    let mut running = tool.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the tool starts");
    let lines: String = CORPUS.iter().map(|case| format!("{}\n", json!({"datalog": case.world}))).collect();
    let mut stdin = running.stdin.take().expect("a pipe");
    let writing = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = running.wait_with_output().expect("the tool ends");
    writing.join().expect("no panic").expect("it reads everything");
    let printed = String::from_utf8_lossy(&output.stdout);
    let told = |line: &&str| ["allow", "deny", "error"].iter().any(|word| line.starts_with(word));
    // biscuit-wasm first reports that it is loading.
    let answers: Vec<&str> = printed.lines().filter(told).collect();
    assert_eq!(answers.len(), CORPUS.len(), "{printed}");
    for (case, answer) in CORPUS.iter().zip(answers) {
        assert_eq!(answer, case.answer, "{}", case.world);
    }
}

#[test]
fn the_corpus_has_every_answer_many_times() {
    let of = |answer: &str, part: &str| {
        CORPUS.iter().filter(|case| case.answer == answer && case.world.contains(part)).count()
    };
    for (part, least) in [("", 150), ("unseen_count(\"", 20), ("item_shows(\"", 20), ("item_label(\"", 5)] {
        let (allow, deny) = (of("allow", part), of("deny", part));
        assert!(CORPUS.len() >= 800 && allow >= least && deny >= least, "`{part}`: {allow} and {deny}");
    }
}

#[test]
fn biscuit_python_decides_the_same_by_what_is_printed() {
    a_tool_decides_the_same(python("agents/decide.py"));
}

#[test]
fn biscuit_wasm_decides_the_same_by_what_is_printed() {
    a_tool_decides_the_same(node("agents/decide.mjs"));
}

/// One process for each decision, half of them at a time. It needs a token, so it gets an empty one.
#[test]
fn biscuit_cli_decides_the_same_by_what_is_printed() {
    let biscuit = part("../biscuit-cli/bin/biscuit");
    assert!(biscuit.exists(), "biscuit-cli is not built\nhint: `tests/run parts` does it");
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        // It reports a refusal as an error, and searching for the source of an error takes longer than deciding.
        let mut command = Command::new(&biscuit);
        command.args(arguments).current_dir(&folder).env("RUST_BACKTRACE", "0");
        let output = command.output().expect("biscuit-cli runs");
        String::from_utf8(output.stdout).expect("text")
    };
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write("nothing", "check if true");
    let secret = run(&["keypair", "--only-private-key"]);
    let public = run(&["keypair", "--from-private-key", secret.trim(), "--only-public-key"]);
    write("token", &run(&["generate", "--private-key", secret.trim(), "nothing"]));
    let limits = ["--max-time", "5s", "--max-iterations", "100", "--json"];
    let decide = |name: &str, case: &Case| {
        write(name, &case.world);
        let told = run(&[
            &["inspect", "token", "--public-key", public.trim(), "--authorize-with-file", name][..],
            &limits,
        ]
        .concat());
        let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
        let result = &told["auth"]["result"];
        let answer = match (result.is_array(), result["error"]["FailedLogic"].is_object()) {
            (true, _) => "allow",
            (_, true) => "deny",
            _ => "error",
        };
        assert_eq!(answer, case.answer, "{result}\n{}", case.world);
    };
    let (first, second) = CORPUS.split_at(CORPUS.len() / 2);
    std::thread::scope(|scope| {
        for (name, cases) in [("one", first), ("other", second)] {
            let decide = &decide;
            scope.spawn(move || cases.iter().for_each(|case| decide(name, case)));
        }
    });
}
