//! The desk, tested by its verbs and ports: one question for a request, an answer that is used once, and how a question
//! ends.

use std::net::IpAddr;

use datalog::flags;
use datalog::lookup::Observed;
use datalog::{
    ApprovalId, Approved, LookedUp, MintArgs, Narrowing, PassCache, Quorum, RawRequest, Request, RequestView,
    RevocationId, VerifiedPass,
};
use verifier::ports::{
    ApprovalUse, Approvals, Ask, AskError, Audit, IntentError, Opinion, Record, StoppedBy, Trust,
};

use super::*;

const TRASH: &str = "/gmail/v1/users/me/messages/m1/trash";

pub(super) struct Asking {
    pub app: Arc<App>,
    pub pass: Arc<VerifiedPass>,
}

impl Asking {
    pub(super) async fn new(world: &World, args: MintArgs) -> Self {
        let app = world.connected().await;
        Self::with(app, args).await
    }

    pub(super) async fn with(app: Arc<App>, args: MintArgs) -> Self {
        let args = MintArgs {
            task: "tidy up".into(),
            ask: vec!["gmail:write".into(), "gmail:delete".into(), "gmail:send".into()],
            ..args
        };
        for name in &args.approve_by {
            app.add_approver(name).await.unwrap();
        }
        // The pass may ask several people. The test makes as many approvers.
        for spare in 1..args.approvers.unwrap_or(1) {
            app.add_approver(&format!("spare-{spare}").parse().unwrap()).await.unwrap();
        }
        let minted = app.mint(args).await.unwrap();
        let roots = Trust::root_keys(&*app);
        let pass = PassCache::new(4).verify(&minted.pass, &roots, &|_| false, app.clock.now()).unwrap();
        Self { app, pass }
    }

    pub(super) fn request(&self, path: &str) -> Request {
        self.classified(path, b"")
    }

    pub(super) fn classified(&self, path: &str, body: &[u8]) -> Request {
        let connection = self.app.connection(&gmail()).unwrap();
        let raw = RawRequest {
            content_type: (!body.is_empty()).then_some("application/json"),
            body,
            ..RawRequest::new("POST", path)
        };
        connection.service.classify(&connection.name, &connection.account, &raw).unwrap()
    }

    pub(super) fn letter(&self, to: &str, text: &str) -> Request {
        use base64::Engine;
        let raw = format!("To: {to}\r\nSubject: hello\r\n\r\n{text}\r\n");
        let raw = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(raw);
        self.classified("/gmail/v1/users/me/messages/send", format!(r#"{{"raw":"{raw}"}}"#).as_bytes())
    }

    pub(super) fn question(&self, request: &Request) -> Ask {
        let observed = Observed::default();
        Ask {
            at: self.app.clock.now(),
            lineage: self.pass.lineage().to_vec(),
            task: self.pass.task().into(),
            pass_ends: self.pass.expires(),
            connection: request.connection.clone(),
            operation: request.operation.id.clone(),
            digest: request.question(&observed, self.app.clock.now()),
            alike: request.envelope(&observed),
            people: request.people(&observed),
            shown: RequestView::of(request, &observed, self.app.clock.now()),
            request: self.pass.approval_request().unwrap(),
            quorum: self.pass.quorum(),
            waits_for: None,
        }
    }

    pub(super) async fn ask(&self, request: &Request) -> (ApprovalId, Opinion) {
        let asked = self.app.ask(self.question(request)).await.unwrap();
        (asked.id, asked.opinion)
    }

    /// Asks, takes the signed blocks as the gateway does, and writes the intent. Returns whether the request may go.
    pub(super) async fn goes(&self, request: &Request) -> Result<(), String> {
        let (id, opinion) = self.ask(request).await;
        let Opinion::Approved { blocks } = opinion else { return Err(format!("{opinion:?}")) };
        let subject = LookedUp { request, observed: &Observed::default() };
        let keys = self.app.approver_keys();
        let approved = Approved::verify(&self.pass, subject, &blocks, &keys, self.app.clock.now())
            .map_err(|error| error.to_string())?;
        assert_eq!(*approved.approval(), id);
        let by = approved.by().iter().cloned().collect();
        let record = Record {
            digest: Some(request.digest()),
            approval: Some(ApprovalUse { id, by, digest: approved.question(), alike: approved.envelope() }),
            ..audit::record(TRASH, "allow")
        };
        self.app.intent(record).await.map(drop).map_err(|error| error.to_string())
    }

    pub(super) async fn approve(
        &self,
        id: &ApprovalId,
        scope: ApprovalScope,
    ) -> Result<ApprovalInfo, AppError> {
        self.app.approve(id, ApproveArgs { scope, ..ApproveArgs::default() }).await
    }
}

fn once() -> ApprovalScope {
    ApprovalScope::Once
}

#[tokio::test]
async fn the_same_request_is_one_question_and_goes_once() {
    let world = World::new().await;
    let asking = Asking::new(&world, MintArgs::default()).await;
    let request = asking.request(TRASH);
    let (id, opinion) = asking.ask(&request).await;
    assert!(matches!(opinion, Opinion::Pending));
    assert_eq!(asking.ask(&request).await.0, id);
    assert_eq!(asking.app.approvals(ApprovalFilter::default()).await.unwrap().len(), 1);
    assert!(asking.goes(&request).await.is_err());

    let approved = asking.approve(&id, once()).await.unwrap();
    assert_eq!(approved.status, ApprovalStanding::Approved);
    assert_eq!(approved.answers[0].by.as_str(), "owner");
    asking.goes(&request).await.unwrap();
    let used = asking.app.approval(&id).await.unwrap();
    assert_eq!((used.status, used.uses, used.shown.is_none()), (ApprovalStanding::Used, 1, true));
    assert!(asking.goes(&request).await.is_err());
    assert_ne!(asking.ask(&request).await.0, id, "doing it again puts a new question");
    assert!(asking.approve(&id, once()).await.is_err(), "a used approval stays used");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_that_race_for_one_approval_one_goes() {
    let world = World::new().await;
    let asking = Arc::new(Asking::new(&world, MintArgs::default()).await);
    let request = asking.request(TRASH);
    let (id, _) = asking.ask(&request).await;
    asking.approve(&id, once()).await.unwrap();
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let digest = request.question(&Observed::default(), asking.app.clock.now());
        let (asking, id) = (asking.clone(), id.clone());
        racing.spawn(async move {
            let approval = Some(ApprovalUse { id, by: Vec::new(), digest, alike: None });
            let record = Record { approval, ..audit::record(TRASH, "allow") };
            match asking.app.intent(record).await {
                Ok(_) => 1,
                Err(IntentError::ApprovalUsed) => 0,
                Err(error) => panic!("{error}"),
            }
        });
    }
    assert_eq!(racing.join_all().await.into_iter().sum::<u32>(), 1);
}

#[tokio::test]
async fn an_approval_outlives_a_restart_and_so_does_its_use() {
    let world = World::new().await;
    let mut asking = Asking::new(&world, MintArgs::default()).await;
    let request = asking.request(TRASH);
    let (id, _) = asking.ask(&request).await;
    asking.approve(&id, once()).await.unwrap();
    for goes in [true, false] {
        let pass = asking.pass.clone();
        asking.app.close().await;
        drop(asking);
        asking = Asking { app: world.open(), pass };
        assert_eq!(asking.goes(&request).await.is_ok(), goes);
    }
}

#[tokio::test]
async fn another_pass_another_byte_and_a_child_are_other_questions() {
    let world = World::new().await;
    let asking = Asking::new(&world, MintArgs::default()).await;
    let request = asking.request(TRASH);
    let (id, _) = asking.ask(&request).await;
    asking.approve(&id, ApprovalScope::Task).await.unwrap();
    let other = Asking::with(asking.app.clone(), MintArgs::default()).await;
    assert!(matches!(other.ask(&request).await.1, Opinion::Pending), "another pass");
    let changed = asking.request("/gmail/v1/users/me/messages/m2/trash");
    assert!(matches!(asking.ask(&changed).await.1, Opinion::Pending), "another byte");
    for change in [
        |request: &mut Request| request.account = "eve@example.com".parse().unwrap(),
        |request: &mut Request| request.catalog = Arc::from("another"),
        |request: &mut Request| request.connection = "gmail-work".parse().unwrap(),
    ] {
        let mut changed = asking.request(TRASH);
        change(&mut changed);
        assert!(matches!(asking.ask(&changed).await.1, Opinion::Pending));
    }
    let mut child = asking.question(&request);
    child.lineage.push("ab".repeat(64).parse::<RevocationId>().unwrap());
    let asked = asking.app.ask(child).await.unwrap();
    assert!(matches!(asked.opinion, Opinion::Pending), "a child has its own question");
    let holder = asking.pass.lineage().last().unwrap();
    assert!(Approvals::approval(&*asking.app, &asked.id, holder).await.unwrap().is_none());
}

#[tokio::test]
async fn a_no_stays_with_its_reason_until_the_person_takes_it_back() {
    let world = World::new().await;
    let asking = Asking::new(&world, MintArgs::default()).await;
    let request = asking.request(TRASH);
    let (id, _) = asking.ask(&request).await;
    let args = DenyArgs { because: Some("not \u{202e}that".into()), ..DenyArgs::default() };
    let denied = asking.app.deny(&id, args).await.unwrap();
    assert_eq!((denied.status, denied.shown.is_some()), (ApprovalStanding::Denied, true));
    let (same, opinion) = asking.ask(&request).await;
    assert_eq!(same, id);
    assert!(matches!(opinion, Opinion::Denied { because: Some(text) } if text == r"not \u{202e}that"));
    assert!(asking.approve(&id, once()).await.is_err());
    asking.app.reopen(&id, ReopenArgs::default()).await.unwrap();
    assert!(asking.goes(&request).await.is_err(), "taking back a no is not a yes");
    asking.approve(&id, once()).await.unwrap();
    asking.app.deny(&id, DenyArgs::default()).await.unwrap();
    assert!(asking.goes(&request).await.is_err(), "a yes that was taken back does not count");
}

#[tokio::test]
async fn a_wider_yes_covers_what_is_alike_and_nothing_else() {
    let world = World::new().await;
    let asking = Asking::new(&world, MintArgs::default()).await;
    let first = asking.letter("bob@example.com", "one");
    let (id, _) = asking.ask(&first).await;
    let second = asking.letter("bob@example.com", "two");
    let waiting = asking.ask(&second).await.0;
    asking.approve(&id, ApprovalScope::Times { times: 2 }).await.unwrap();
    assert_eq!(asking.app.approval(&waiting).await.unwrap().status, ApprovalStanding::Covered);
    let more = asking.letter("bob@example.com, eve@example.com", "two");
    assert!(matches!(asking.ask(&more).await.1, Opinion::Pending), "one more recipient");
    asking.goes(&second).await.unwrap();
    asking.goes(&asking.letter("bob@example.com", "three")).await.unwrap();
    assert!(
        asking.goes(&asking.letter("bob@example.com", "four")).await.is_err(),
        "approved twice goes twice"
    );
}

#[tokio::test]
async fn several_approvers_are_several_people() {
    let world = World::new().await;
    let names = ["alice", "bob", "eve"].map(|name| name.parse::<datalog::ApproverName>().unwrap());
    let [alice, bob, eve] = &names;
    let args =
        MintArgs { approvers: Some(2), approve_by: vec![alice.clone(), bob.clone()], ..MintArgs::default() };
    let asking = Asking::new(&world, args).await;
    assert_eq!(asking.pass.quorum(), Quorum { count: 2, of: vec![alice.clone(), bob.clone()] });
    asking.app.add_approver(eve).await.unwrap();
    let request = asking.request(TRASH);
    let (id, _) = asking.ask(&request).await;
    let by = async |name: Option<&datalog::ApproverName>| {
        asking.app.approve(&id, ApproveArgs { by: name.cloned(), ..ApproveArgs::default() }).await
    };
    assert!(by(None).await.is_err(), "the pass does not name the owner");
    assert!(by(Some(eve)).await.is_err());
    assert_eq!(by(Some(alice)).await.unwrap().status, ApprovalStanding::Pending);
    assert!(by(Some(alice)).await.is_err(), "alice counts once");
    assert!(asking.goes(&request).await.is_err());
    assert_eq!(by(Some(bob)).await.unwrap().status, ApprovalStanding::Approved);
    asking.app.retire_approver(bob).await.unwrap();
    assert!(asking.goes(&request).await.is_err(), "a retired approver's signature no longer counts");
    let left = asking.app.approval(&id).await.unwrap();
    assert_eq!(
        (left.status, left.answers.len()),
        (ApprovalStanding::Pending, 1),
        "the others are asked again"
    );
}

#[tokio::test]
async fn what_waits_is_bounded_for_a_pass_with_its_children() {
    let world = World::new().await;
    let asking = Asking::new(&world, MintArgs::default()).await;
    for number in 0..20 {
        asking.ask(&asking.request(&format!("/gmail/v1/users/me/messages/m{number}/trash"))).await;
    }
    let mut child = asking.question(&asking.request("/gmail/v1/users/me/messages/more/trash"));
    child.lineage.push("cd".repeat(64).parse::<RevocationId>().unwrap());
    let refused = asking.app.ask(child).await;
    assert!(matches!(refused, Err(AskError::TooMany { waiting: 20 })), "{refused:?}");
    let (id, _) = asking.ask(&asking.request("/gmail/v1/users/me/messages/m7/trash")).await;
    asking.approve(&id, once()).await.unwrap();
    asking.ask(&asking.request("/gmail/v1/users/me/messages/more/trash")).await;
}

#[tokio::test]
async fn a_question_ends_with_its_pass_or_when_nobody_answers() {
    let world = World::new().await;
    let args = MintArgs { narrow: Narrowing::default().with(&flags::FOR, ["8h"]), ..MintArgs::default() };
    let asking = Asking::new(&world, args).await;
    let request = asking.request(TRASH);
    let (id, _) = asking.ask(&request).await;
    world.clock.advance(Duration::minutes(61));
    assert_eq!(asking.app.approval(&id).await.unwrap().status, ApprovalStanding::Expired);
    assert!(asking.approve(&id, once()).await.is_err());
    let (again, _) = asking.ask(&request).await;
    assert_ne!(again, id);
    asking.approve(&again, once()).await.unwrap();
    world.clock.advance(Duration::minutes(61));
    assert!(asking.goes(&request).await.is_err(), "a yes for one request holds an hour");
    let kept = world.behind().bytes(&format!("SELECT shown FROM approval WHERE id = '{id}'"));
    assert!(kept.is_none(), "the shown request is deleted with the question");
}

#[tokio::test]
async fn what_is_shown_is_sealed_and_never_in_the_log() {
    let world = World::new().await;
    let asking = Asking::new(&world, MintArgs::default()).await;
    let letter = asking.letter("bob@example.com", "the-secret-text");
    let (id, _) = asking.ask(&letter).await;
    let shown = asking.app.approval(&id).await.unwrap().shown.unwrap();
    assert_eq!(shown.recipients, ["bob@example.com"]);
    assert_eq!(
        (shown.letters[0].subject.as_str(), shown.letters[0].text.as_str()),
        ("hello", "the-secret-text")
    );
    assert!(shown.undoing.irreversible.is_some());
    let info = asking.app.approval(&id).await.unwrap();
    assert_eq!(
        (info.title().as_str(), info.deed().as_str()),
        ("Send a letter to bob@example.com: hello", "Send a letter")
    );
    asking.approve(&id, once()).await.unwrap();
    asking.goes(&letter).await.unwrap();
    let log = asking.app.log(LogQuery { limit: Some(1_000), ..LogQuery::default() }).await.unwrap();
    let log = serde_json::to_string(&log).unwrap();
    assert!(!log.contains("the-secret-text"), "{log}");
    assert!(log.contains(r#""event":"asked""#) && log.contains(r#""event":"approved""#), "{log}");
    asking.app.close().await;
    let file = std::fs::read(world.home().database()).unwrap();
    assert!(!file.windows(15).any(|window| window == b"the-secret-text"));
}

#[tokio::test]
async fn what_can_be_undone_is_said_to_whoever_is_asked_and_to_whoever_asks_afterwards() {
    let world = World::new().await;
    let asking = Asking::new(&world, MintArgs::default()).await;
    let (id, _) = asking.ask(&asking.request(TRASH)).await;
    let shown = asking.app.approval(&id).await.unwrap().shown.unwrap();
    assert_eq!(shown.undoing.irreversible, None);
    assert!(shown.undoing.undo.unwrap().contains("gmail.users.messages.untrash"));
    let of = |request: &Request| Record {
        outline: Some(Arc::new(request.outline())),
        operation: Some(request.operation.id.to_string()),
        digest: Some(request.digest()),
        ..audit::record(TRASH, "allow")
    };
    for (request, is_final) in [(asking.request(TRASH), false), (asking.letter("bob@example.com", "x"), true)]
    {
        let seq = asking.app.intent(of(&request)).await.unwrap().0;
        let undoing = asking.app.record(seq).await.unwrap().undoing.unwrap();
        assert_eq!((undoing.irreversible.is_some(), undoing.undo.is_some()), (is_final, !is_final));
    }
}

fn delete_refused(app: &Asking, decision: &'static str) -> Record {
    let request = app.request(TRASH);
    Record {
        lineage: app.pass.lineage().to_vec(),
        outline: Some(Arc::new(request.outline())),
        peer: IpAddr::from([127, 0, 0, 1]),
        ..audit::record(TRASH, decision)
    }
}

#[tokio::test]
async fn a_pass_that_is_refused_too_often_is_stopped_until_a_person_resumes_it() {
    let world = World::with(Rotation::Keeps, "[breaker]\neffects = [\"delete\", \"write\"]").await;
    let asking = Asking::new(&world, MintArgs::default()).await;
    let held = || asking.app.stopped_by(asking.pass.lineage(), asking.pass.task(), None);
    for _ in 0..4 {
        asking.app.refusal(delete_refused(&asking, "denied")).await.unwrap();
    }
    world.clock.advance(Duration::seconds(61));
    for _ in 0..4 {
        asking.app.refusal(delete_refused(&asking, "denied")).await.unwrap();
    }
    asking.app.refusal(delete_refused(&asking, "approval-required")).await.unwrap();
    // A program that asks whether it may does not try.
    for _ in 0..20 {
        asking.app.refusal(delete_refused(&asking, "would-deny")).await.unwrap();
    }
    assert!(held().is_none(), "the first four are more than a minute ago");
    asking.app.refusal(delete_refused(&asking, "denied")).await.unwrap();
    assert!(matches!(held(), Some(StoppedBy::Pass(Some(because))) if because.contains("5 requests")));
    let pass = asking.pass.clone();
    asking.app.close().await;
    drop(asking);
    let app = world.open();
    assert!(app.stopped_by(pass.lineage(), pass.task(), None).is_some(), "a restart does not end it");
    app.resume_one(StopTarget::Pass(pass.lineage()[0].clone())).await.unwrap();
    assert!(app.stopped_by(pass.lineage(), pass.task(), None).is_none());
}

#[tokio::test]
async fn a_task_and_a_connection_are_stopped_by_themselves() {
    let world = World::new().await;
    let app = world.connected().await;
    for (target, held) in [
        (StopTarget::Task("tidy up".into()), StoppedBy::Task),
        (StopTarget::Connection(gmail()), StoppedBy::Connection(gmail())),
    ] {
        let args = StopOneArgs { target: target.clone(), because: None };
        app.stop_one(args).await.unwrap();
        assert_eq!(app.stopped_by(&[], "tidy up", Some(&gmail())), Some(held));
        assert_eq!(app.stopped_by(&[], "another", Some(&"other".parse().unwrap())), None);
        app.resume_one(target.clone()).await.unwrap();
        assert_eq!(app.stopped_by(&[], "tidy up", Some(&gmail())), None);
        assert!(app.resume_one(target).await.is_err());
    }
}
