//! An approver's signature counts for that pass, that request, that person and that time, and for nothing else.

use std::sync::Arc;

use crate::common::*;
use biscuit_auth::builder::{Algorithm, BlockBuilder};
use biscuit_auth::{PrivateKey, ThirdPartyRequest};
use datalog::lookup::Observed;
use datalog::*;
use time::Duration;

fn approver(name: &str, seed: u8) -> ApproverKeyPair {
    ApproverKeyPair::from_seed(name.parse().unwrap(), [seed; 32])
}

fn trusted(pairs: &[&ApproverKeyPair]) -> ApproverKeys {
    ApproverKeys::new(pairs.iter().map(|pair| (pair.name().clone(), pair.public())))
}

fn id(byte: u8) -> ApprovalId {
    ApprovalId::from_random([byte; 16])
}

fn pass(args: &MintArgs) -> Arc<VerifiedPass> {
    verify(&mint(args)).unwrap()
}

fn asking() -> MintArgs {
    args(&["mail:read"], &["mail:send"], &[])
}

fn send() -> Request {
    request("mail.messages.send")
}

fn statement() -> Statement {
    Statement {
        approval: id(1),
        digest: send().question(&Observed::default(), NOW),
        alike: None,
        at: NOW,
        until: NOW + Duration::minutes(10),
    }
}

fn signed(pass: &VerifiedPass, by: &ApproverKeyPair, statement: &Statement) -> Vec<u8> {
    approval::sign(&pass.approval_request().unwrap(), by, statement).unwrap()
}

fn approved(
    pass: &VerifiedPass,
    request: &Request,
    blocks: &[Vec<u8>],
    keys: &ApproverKeys,
) -> Result<Approved, ApprovalError> {
    Approved::verify(pass, LookedUp { request, observed: &Observed::default() }, blocks, keys, NOW)
}

#[test]
fn a_signed_approval_is_of_its_pass_its_request_its_person_and_its_time() {
    let (alice, mallory) = (approver("alice", 1), approver("mallory", 2));
    let (own, keys) = (pass(&asking()), trusted(&[&alice]));
    let block = signed(&own, &alice, &statement());
    let held = approved(&own, &send(), std::slice::from_ref(&block), &keys).unwrap();
    assert_eq!((held.approval(), held.digest()), (&id(1), send().digest()));
    assert_eq!(held.question(), statement().digest);
    assert!(held.by().contains(alice.name()) && held.by().len() == 1);

    assert_eq!(approved(&own, &send(), &[], &keys), Err(ApprovalError::TooFew { got: 0, needed: 1 }));
    let mut other = send();
    other.query = "x=1".into();
    assert_eq!(approved(&own, &other, std::slice::from_ref(&block), &keys), Err(ApprovalError::Other));
    let another = pass(&MintArgs { task: "another".into(), ..asking() });
    assert_eq!(
        approved(&another, &send(), std::slice::from_ref(&block), &keys),
        Err(ApprovalError::Untrusted)
    );
    let strange = signed(&own, &mallory, &statement());
    assert_eq!(approved(&own, &send(), &[strange], &keys), Err(ApprovalError::Untrusted));
    // Her own key, under somebody else's name.
    let named = approver("alice", 2);
    let both = trusted(&[&alice, &mallory]);
    assert_eq!(
        approved(&own, &send(), &[signed(&own, &named, &statement())], &both),
        Err(ApprovalError::Untrusted)
    );
    let until = |until| signed(&own, &alice, &Statement { until, ..statement() });
    assert!(approved(&own, &send(), &[until(NOW)], &keys).is_ok(), "it counts up to its last second");
    let ended = until(NOW - Duration::SECOND);
    assert_eq!(approved(&own, &send(), &[ended], &keys), Err(ApprovalError::Ended));
    for at in 0..block.len() {
        let mut changed = block.clone();
        changed[at] ^= 1;
        assert!(approved(&own, &send(), &[changed], &keys).is_err(), "byte {at} was changed");
    }
}

#[test]
fn as_many_people_approve_as_the_pass_names_and_of_those_alone() {
    let (alice, bob, carol) = (approver("alice", 1), approver("bob", 2), approver("carol", 3));
    let keys = trusted(&[&alice, &bob, &carol]);
    let two = pass(&MintArgs { approvers: Some(2), ..asking() });
    assert_eq!(two.quorum().count, 2);
    let by = |pass: &VerifiedPass, pair| signed(pass, pair, &statement());
    let one = by(&two, &alice);
    let few = Err(ApprovalError::TooFew { got: 1, needed: 2 });
    assert_eq!(approved(&two, &send(), std::slice::from_ref(&one), &keys), few);
    assert_eq!(approved(&two, &send(), &[one.clone(), one.clone()], &keys), few, "one person, twice");
    assert!(approved(&two, &send(), &[one.clone(), by(&two, &bob)], &keys).is_ok());
    let apart = signed(&two, &bob, &Statement { approval: id(2), ..statement() });
    assert_eq!(approved(&two, &send(), &[one, apart], &keys), Err(ApprovalError::Other), "two questions");

    let named = MintArgs { approve_by: vec!["bob".parse().unwrap()], ..asking() };
    let named = pass(&named);
    assert!(named.quorum().takes(bob.name()) && !named.quorum().takes(alice.name()));
    let none = Err(ApprovalError::TooFew { got: 0, needed: 1 });
    assert_eq!(approved(&named, &send(), &[by(&named, &alice)], &keys), none);
    assert!(approved(&named, &send(), &[by(&named, &alice), by(&named, &bob)], &keys).is_ok());
}

#[test]
fn a_block_that_says_more_or_less_than_an_approval_is_none() {
    let (own, alice) = (pass(&asking()), approver("alice", 1));
    let keys = trusted(&[&alice]);
    let digest = statement().digest.hex();
    let sound = format!(
        r#"approval("{}"); approved("{digest}"); approver("alice");
           approved_at(2026-11-22T09:00:00Z); approved_until(2026-11-22T10:00:00Z);"#,
        id(1)
    );
    let signed = |source: &str| {
        let private = PrivateKey::from_bytes(alice.seed(), Algorithm::Ed25519).unwrap();
        let request = ThirdPartyRequest::deserialize(&own.approval_request().unwrap()).unwrap();
        let block = BlockBuilder::new().code(source).unwrap();
        request.create_block(&private, block).unwrap().serialize().unwrap()
    };
    assert!(approved(&own, &send(), &[signed(&sound)], &keys).is_ok());
    for more in [
        "approved(\"00\");",
        "other(\"x\");",
        "approver(\"bob\");",
        "check if true;",
        "a($x) <- b($x);",
        "approved_alike(1);",
        "two(1, 2);",
    ] {
        let told = approved(&own, &send(), &[signed(&format!("{sound} {more}"))], &keys);
        assert!(matches!(told, Err(ApprovalError::Block(_))), "{more}: {told:?}");
    }
    for less in sound.split_inclusive(';') {
        let told = approved(&own, &send(), &[signed(&sound.replace(less, ""))], &keys);
        assert!(matches!(told, Err(ApprovalError::Block(_))), "without {less}: {told:?}");
    }
    for block in [&b""[..], b"\x0a", b"approval"] {
        assert!(approved(&own, &send(), &[block.to_vec()], &keys).is_err());
    }
}
