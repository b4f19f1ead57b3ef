use std::sync::Arc;

use datalog::{Message, Reservation};

use super::writer::Verdict;
use super::*;
use crate::store::{AuditStore, BudgetStore, Intended, Line};

fn open(dir: &tempfile::TempDir) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(&dir.path().join("hallpass.db")).unwrap())
}

fn line(size: usize) -> Line {
    let text = format!(
        r#"{{"at":"2026-11-22T12:00:00Z","kind":"event","event":"stopped","detail":"{}"}}"#,
        "x".repeat(size)
    );
    Line { text, beside: None }
}

/// Makes the disk look as if it had room for so many more pages, or for any number.
async fn limit_pages(store: &SqliteStore, pages: Option<u32>) {
    let job = move |writing: &mut writer::Writing<'_>| {
        let taken: u32 = writing.connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        let limit = pages.map_or(1 << 30, |more| taken + more);
        writing.connection.query_row(&format!("PRAGMA max_page_count = {limit}"), [], |_| Ok(()))?;
        Ok(Verdict::Keep(()))
    };
    store.writer.write(job).await.unwrap();
}

async fn chain(store: &SqliteStore) -> u64 {
    let mut head = crate::audit::FIRST_LINK;
    for record in store.chain_after(0, u32::MAX).await.unwrap() {
        // These lines are no whole records. Only their links count here.
        assert_eq!(record.seq, head.seq + 1);
        assert_eq!(record.hash, crate::audit::link(&head.hash, &record.text));
        head = crate::store::ChainLink { seq: record.seq, hash: record.hash };
    }
    head.seq
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_every_write_that_was_lost_is_told_and_none_that_was_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    limit_pages(&store, Some(20)).await;
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let store = store.clone();
        writers.spawn(async move { store.append(line(2_000)).await });
    }
    let answers = writers.join_all().await;
    let mut written: Vec<u64> = answers.iter().filter_map(|answer| answer.as_ref().ok().copied()).collect();
    assert!(written.len() < 200, "the disk was not full");
    written.sort_unstable();
    let expected: Vec<u64> = (1..=written.len() as u64).collect();
    assert_eq!(written, expected, "what was answered is there, in order, without gaps");
    assert_eq!(chain(&store).await, written.len() as u64);
    // There is room again, and the log goes on where it ended.
    limit_pages(&store, None).await;
    let next = store.append(line(10)).await.unwrap();
    assert_eq!(next, written.len() as u64 + 1);
    assert_eq!(chain(&store).await, next);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_undoes_itself_takes_nobody_elses_work_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let mut tasks = tokio::task::JoinSet::new();
    for position in 0..200 {
        let store = store.clone();
        tasks.spawn(async move {
            let reservation = Reservation {
                budget: "one".into(),
                max: 10,
                cost: 1,
                counts: datalog::Counts::Each,
                window: None,
                at: 0,
                ends: 0,
            };
            match position % 2 {
                0 => match store.intended(line(10), vec![reservation], None, None).await.unwrap() {
                    Intended::Written(_) => 1,
                    Intended::Exhausted { .. } | Intended::ApprovalUsed | Intended::SentBefore(_) => 0,
                },
                _ => {
                    store.append(line(10)).await.unwrap();
                    0
                }
            }
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<u64>(), 10);
    assert_eq!(chain(&store).await, 110);
}

#[tokio::test]
async fn what_was_queued_is_written_before_the_store_closes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    for _ in 0..100 {
        store.append_later(line(10));
    }
    drop(store);
    assert_eq!(chain(&open(&dir)).await, 100);
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(&dir));
    let path = dir.path().join("hallpass.db");
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = Message::from(SqliteStore::open(&path).err().unwrap()).in_full();
    assert!(error.contains("schema 99") && error.contains("hint:"), "{error}");
}

#[tokio::test]
async fn every_backend_tells_the_same_story() {
    let dir = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    let fresh = async || {
        count.set(count.get() + 1);
        let store = SqliteStore::open(&dir.path().join(format!("{}.db", count.get()))).unwrap();
        Arc::new(store) as Arc<dyn crate::store::Store>
    };
    crate::store::story::tell(fresh).await;
}
