//! The audit log: its chain, its records, what vouches for the records, what is kept beside them, and where the log
//! begins.

use std::sync::Arc;

use time::Duration;

use super::*;
use crate::audit::key::AuditKeyRow;
use crate::audit::{Checkpoint, FIRST_LINK, link};
use crate::vault::Sealed;

fn line(text: &str) -> Line {
    Line { text: format!(r#"{{"at":"2026-11-22T12:00:00Z",{text}}}"#), beside: None }
}

pub(super) async fn tell(store: &dyn Store) {
    chain(store).await;
    found(store).await;
    checkpoints(store).await;
    facts(store).await;
    rotation(store).await;
}

async fn chain(store: &dyn Store) {
    assert_eq!(store.chain_end().await.unwrap(), FIRST_LINK);
    assert_eq!(store.append(event(Event::Stopped)).await.unwrap(), 1);
    let mut head = store.head();
    store.append_later(event(Event::Resumed));
    store.settle().await.unwrap();
    assert_eq!(*head.borrow_and_update(), 2, "what was queued before is durable");
    let mut end = FIRST_LINK;
    for record in store.chain_after(0, 10).await.unwrap() {
        end = ChainLink { seq: end.seq + 1, hash: link(&end.hash, &record.text) };
        assert_eq!((record.seq, record.hash), (end.seq, end.hash));
    }
    assert_eq!(store.chain_end().await.unwrap(), end);
    assert_eq!(store.chain_after(1, 10).await.unwrap().len(), 1);
    assert_eq!(store.chain_after(0, 1).await.unwrap().len(), 1);
    assert_eq!(store.record(2).await.unwrap().unwrap().hash, end.hash);
    assert!(store.record(3).await.unwrap().is_none());
}

/// Makes and finds records 3 to 6: two intents, a refusal, and an outcome of the first intent.
async fn found(store: &dyn Store) {
    for text in [
        r#""kind":"intent","decision":"allow","connection":"gmail","operation":"gmail.users.messages.get","lineage":["p_a"]"#,
        r#""kind":"intent","decision":"allow","connection":"work","operation":"gmail.users.drafts.create","lineage":["p_b","c"]"#,
        r#""kind":"refusal","decision":"denied","connection":"gmail","operation":"gmail.users.messages.send","lineage":["p_b"]"#,
    ] {
        store.append(line(text)).await.unwrap();
    }
    let late = Line {
        text: r#"{"at":"2026-11-22T12:05:00.250Z","kind":"outcome","of":3,"result":"answered"}"#.into(),
        beside: None,
    };
    store.append(late).await.unwrap();
    assert_eq!(store.outcome_of(3).await.unwrap().unwrap().seq, 6);
    assert!(store.outcome_of(4).await.unwrap().is_none());
    let all = LogQuery { limit: Some(100), ..LogQuery::default() };
    let seqs = async |query: LogQuery| -> Vec<u64> {
        store.records(query).await.unwrap().iter().map(|record| record.seq).collect()
    };
    assert_eq!(seqs(LogQuery { limit: Some(2), ..all.clone() }).await, [5, 6], "the newest");
    assert!(
        seqs(LogQuery { mode: Some("mcp".into()), ..all.clone() }).await.is_empty(),
        "none came over MCP"
    );
    assert_eq!(seqs(LogQuery { after: Some(2), limit: Some(2), ..all.clone() }).await, [3, 4], "the next");
    assert_eq!(seqs(LogQuery { kind: Some("event".into()), ..all.clone() }).await, [1, 2]);
    assert_eq!(seqs(LogQuery { decision: Some("denied".into()), ..all.clone() }).await, [5]);
    // An outcome is found by what its intent says.
    assert_eq!(seqs(LogQuery { connection: Some("gmail".parse().unwrap()), ..all.clone() }).await, [3, 5, 6]);
    let operation = |text: &str| LogQuery { operation: Some(text.into()), ..all.clone() };
    assert_eq!(seqs(operation("gmail.users.messages.*")).await, [3, 5, 6]);
    assert_eq!(seqs(operation("gmail.users.messages.send")).await, [5]);
    assert!(seqs(operation("gmail.users.messages.sen?")).await.is_empty(), "a star is the only sign");
    assert!(seqs(operation("gmail.users.messages.[s]end")).await.is_empty());
    let of = |id: &str| LogQuery { pass: Some(id.parse().unwrap()), ..all.clone() };
    let pass = datalog::PassId::from_random([4; 16]);
    assert!(seqs(of(pass.as_str())).await.is_empty());
    let moment = NOW + Duration::minutes(5);
    assert_eq!(seqs(LogQuery { since: Some(moment), ..all.clone() }).await, [6]);
    assert_eq!(seqs(LogQuery { until: Some(moment), ..all }).await, [1, 2, 3, 4, 5]);
}

async fn checkpoints(store: &dyn Store) {
    let key = |byte: u8| AuditKeyRow { public: [byte; 32], seed: Sealed(vec![byte]), created: NOW };
    assert_eq!(store.audit_key(key(1)).await.unwrap().public, [1; 32]);
    let kept = store.audit_key(key(2)).await.unwrap();
    assert_eq!((kept.public, kept.seed.0, kept.created), ([1; 32], vec![1], NOW), "the first one stays");
    let at = |seq: u64, byte: u8| Checkpoint {
        link: ChainLink { seq, hash: [byte; 32] },
        at: NOW,
        signature: [byte; 64],
    };
    for one in [at(4, 4), at(2, 2), at(4, 9)] {
        store.checkpointed(one).await.unwrap();
    }
    assert_eq!(store.checkpoints(1, 100).await.unwrap(), [at(2, 2), at(4, 4)], "in order, one a record");
    assert_eq!(store.checkpoints(3, 4).await.unwrap(), [at(4, 4)]);
}

/// Makes records 7 and 8, with facts beside them and the wording of one pass.
async fn facts(store: &dyn Store) {
    let beside = |at, ends| Beside {
        at,
        seal: Arc::new(|seq| Ok(Sealed(vec![u8::try_from(seq).unwrap()]))),
        wording: Some(WordingRow { digest: [8; 32], sealed: Sealed(vec![80]), ends }),
    };
    let later = NOW + Duration::days(1);
    for at in [NOW, later] {
        store.append(Line { beside: Some(beside(at, later)), ..line(r#""kind":"intent""#) }).await.unwrap();
    }
    let seqs = async |first, last| -> Vec<(u64, Vec<u8>)> {
        store.facts(first, last).await.unwrap().into_iter().map(|row| (row.seq, row.sealed.0)).collect()
    };
    assert_eq!(
        seqs(1, 100).await,
        [(7, vec![7]), (8, vec![8])],
        "sealed for the record that it stands beside"
    );
    assert_eq!(seqs(8, 8).await.len(), 1);
    assert!(
        store.record(7).await.unwrap().unwrap().text.contains(r#""facts":""#),
        "and the record vouches for it"
    );
    assert!(store.wording([8; 32]).await.unwrap() == Some(Sealed(vec![80])));
    assert!(store.wording([9; 32]).await.unwrap().is_none());
    assert_eq!(store.facts_forgotten(later, 10).await.unwrap(), 1);
    assert_eq!(seqs(1, 100).await, [(8, vec![8])]);
    assert!(store.wording([8; 32]).await.unwrap().is_some(), "the pass had not ended");
    assert_eq!(store.facts_forgotten(later + Duration::days(1), 0).await.unwrap(), 0, "no more than asked");
    assert!(store.wording([8; 32]).await.unwrap().is_none());
}

/// Moves the beginning of the log to a file.
async fn rotation(store: &dyn Store) {
    assert_eq!(store.log_base().await.unwrap(), FIRST_LINK);
    let moment = NOW + Duration::minutes(5);
    assert_eq!(store.log_period(Some(moment), Some(moment)).await.unwrap(), (Some(6), Some(8)));
    assert_eq!(store.log_period(None, None).await.unwrap(), (None, None));
    let base = store.record(3).await.unwrap().unwrap();
    let base = ChainLink { seq: base.seq, hash: base.hash };
    store.log_rotated(base, event(Event::LogRotated)).await.unwrap();
    assert_eq!(store.log_base().await.unwrap(), base);
    store.log_rotated(FIRST_LINK, event(Event::LogRotated)).await.unwrap();
    assert_eq!(store.log_base().await.unwrap(), base, "it never moves back");
    assert_eq!(store.forget_rotated(2).await.unwrap(), 2);
    assert_eq!(store.forget_rotated(10).await.unwrap(), 1);
    let left = store.chain_after(0, 100).await.unwrap();
    assert_eq!(left.first().map(|record| record.seq), Some(4));
    assert_eq!(store.checkpoints(1, 100).await.unwrap().len(), 1, "checkpoints go with their records");
    assert_eq!(store.chain_end().await.unwrap().seq, 10, "and the chain goes on");
}
