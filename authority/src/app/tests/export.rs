//! The exported log, and the log that remains. Both verify with the public key alone.

use std::io::{BufReader, Cursor};

use verifier::ports::{Audit, Record};

use super::audit::{filled, record, tamper};
use super::*;
use crate::audit::{AuditKey, ExportVerification, verify_exports};

async fn exported(app: &App, range: ExportRange) -> String {
    let begun = app.begin_export(range).await.unwrap();
    let mut text = format!("{}\n", begun.header);
    let mut after = begun.after;
    while after < begun.to {
        let page = app.export_lines(after, begun.to).await.unwrap();
        page.lines.iter().for_each(|line| text.push_str(&format!("{line}\n")));
        after = page.last;
    }
    text
}

fn verify(texts: &[&[u8]], app: &App) -> ExportVerification {
    let key: AuditKey = app.audit_key().public_key.parse().unwrap();
    let file = |text: &&[u8]| Box::new(BufReader::new(Cursor::new(text.to_vec()))) as _;
    verify_exports(texts.iter().map(file).collect(), key).unwrap()
}

fn bad(text: &str, app: &App) -> BadRecord {
    verify(&[text.as_bytes()], app).log.first_bad.unwrap_or_else(|| panic!("it verifies:\n{text}"))
}

/// Returns a whole log and its export: a header, six records, a checkpoint.
async fn whole() -> (World, Arc<App>, String) {
    let world = filled().await;
    let app = world.open();
    let text = exported(&app, ExportRange::default()).await;
    (world, app, text)
}

#[tokio::test]
async fn an_export_verifies_with_the_public_key_alone() {
    let (_world, app, text) = whole().await;
    let found = verify(&[text.as_bytes()], &app).log;
    assert_eq!((found.first, found.records, found.after_checkpoint, found.first_bad), (1, 6, 0, None));
    assert!(found.checkpoints >= 1);
    assert_eq!(found.head, app.verify_log().await.unwrap().head);
}

#[tokio::test]
async fn an_export_in_which_any_byte_is_another_does_not_verify() {
    let (_world, app, text) = whole().await;
    let bytes = text.into_bytes();
    for at in 0..bytes.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut flipped = bytes.clone();
            flipped[at] ^= bit;
            let found = verify(&[&flipped], &app).log.first_bad;
            assert!(found.is_some(), "bit {bit:#x} of byte {at} was not noticed");
        }
    }
}

#[tokio::test]
async fn the_first_record_that_was_removed_moved_inserted_or_changed_is_named() {
    let (_world, app, text) = whole().await;
    let lines: Vec<&str> = text.lines().collect();
    let made = |order: &[usize]| order.iter().map(|line| format!("{}\n", lines[*line])).collect::<String>();
    let cases: [(String, u64, &str); 8] = [
        (made(&[0, 1, 2, 4, 5, 6, 7]), 3, "it was removed: record 4 follows record 2"),
        (made(&[0, 1, 2, 4, 3, 5, 6, 7]), 3, "it was moved: it stands further down"),
        (made(&[0, 1, 2, 2, 3, 4, 5, 6, 7]), 2, "it was inserted where record 3 belongs"),
        (
            made(&[0, 1, 2, 3]),
            4,
            "it was removed: the file ends after record 3, and was signed to go on to record 6",
        ),
        (made(&[0]), 1, "it was removed"),
        (made(&[1, 2, 3, 4, 5, 6, 7]), 1, "expected the signed first line of an export"),
        (made(&[0, 2, 3, 4, 5, 6, 7]), 1, "it was removed: record 2 follows record 0"),
        (text.replacen("messages/send", "messages/read", 1), 6, "it was changed"),
    ];
    for (text, seq, because) in cases {
        let bad = bad(&text, &app);
        assert_eq!(bad.seq, seq, "{bad:?}");
        assert!(bad.because.starts_with(because), "{bad:?}");
    }
}

#[tokio::test]
async fn a_chain_that_was_made_anew_does_not_lead_to_what_was_signed() {
    let (_world, app, text) = whole().await;
    let mut hash = [0; 32];
    let mut forged = String::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix(r#"{"record":"#) else {
            forged.push_str(&format!("{line}\n"));
            continue;
        };
        let record = rest[..rest.len() - 75].replace("messages/send", "messages/read");
        hash = crate::audit::link(&hash, &record);
        forged.push_str(&format!("{{\"record\":{record},\"hash\":\"{}\"}}\n", crate::audit::hex(hash)));
    }
    let bad = bad(&forged, &app);
    assert!(bad.because.contains("was changed and the chain made anew"), "{bad:?}");
    assert!(bad.expected.is_some() && bad.expected != bad.got, "{bad:?}");
}

#[tokio::test]
async fn an_export_of_another_key_is_refused() {
    let (_world, app, text) = whole().await;
    let elsewhere = World::new().await;
    let key: AuditKey = elsewhere.open().audit_key().public_key.parse().unwrap();
    let file = Box::new(BufReader::new(Cursor::new(text.into_bytes())));
    let bad = verify_exports(vec![file], key).unwrap().log.first_bad.unwrap();
    assert!(bad.because.contains(&app.audit_key().public_key), "{bad:?}");
}

#[tokio::test]
async fn a_period_is_exported_as_what_lies_in_it() {
    let world = filled().await;
    let app = world.open();
    world.clock.advance(HOUR);
    app.refusal(Record { at: START + HOUR, ..record("/late", "denied") }).await.unwrap();
    let late = ExportRange { since: Some(START + HOUR), until: None };
    let found = verify(&[exported(&app, late).await.as_bytes()], &app).log;
    assert_eq!((found.first_bad, found.records > 0 && found.first <= 7), (None, true));
    let none = ExportRange { since: None, until: Some(START - HOUR) };
    let found = verify(&[exported(&app, none).await.as_bytes()], &app).log;
    assert_eq!((found.first_bad, found.records), (None, 0));
}

#[tokio::test]
async fn a_rotated_log_goes_on_and_verifies_across_its_files() {
    let world = filled().await;
    let app = world.open();
    let first = exported(&app, ExportRange::default()).await;
    let moved = app.rotate_log(6).await.unwrap();
    assert_eq!((moved.upto, moved.removed), (6, 6));
    app.refusal(record("/later", "denied")).await.unwrap();
    let remains = app.verify_log().await.unwrap();
    assert_eq!((remains.first, remains.records, remains.first_bad), (7, 2, None));
    let second = exported(&app, ExportRange::default()).await;
    let both = verify(&[first.as_bytes(), second.as_bytes()], &app).log;
    assert_eq!((both.first, both.records, both.first_bad), (1, 8, None));
    let swapped = verify(&[second.as_bytes(), first.as_bytes()], &app).log.first_bad.unwrap();
    assert!(swapped.because.contains("does not go on"), "{swapped:?}");
    app.close().await;
    drop(app);
    assert_eq!(world.open().verify_log().await.unwrap().first_bad, None, "it verifies after a restart, too");
    let error = world.open().record(3).await.unwrap_err().to_string();
    assert!(error.contains("moved to a file"), "{error}");
}

#[tokio::test]
async fn a_beginning_that_was_cut_off_by_another_hand_is_noticed() {
    let world = filled().await;
    world.open().sign_head().await.unwrap();
    let app = world.open();
    app.refusal(record("/later", "denied")).await.unwrap();
    drop(app);
    // The base is at a signed place, but no record says that the log was rotated.
    tamper(
        &world,
        "INSERT INTO audit_base (id, seq, hash) SELECT 1, seq, hash FROM audit_checkpoint; DELETE FROM audit WHERE seq <= 6",
    );
    let bad = world.open().verify_log().await.unwrap().first_bad.unwrap();
    assert!(bad.because.contains("no record says that it was moved"), "{bad:?}");
}

#[tokio::test]
async fn only_what_is_in_the_log_can_be_rotated() {
    let world = filled().await;
    let app = world.open();
    for upto in [0, 7] {
        let error = app.rotate_log(upto).await.unwrap_err().to_string();
        assert!(error.contains("expected the number of a record from 1 to 6"), "{error}");
    }
}

#[tokio::test]
async fn every_column_of_the_log_is_vouched_for() {
    let columns = [
        ("audit", "seq", "seq"),
        ("audit", "record", "seq"),
        ("audit", "hash", "seq"),
        ("audit_checkpoint", "seq", "seq"),
        ("audit_checkpoint", "hash", "seq"),
        ("audit_checkpoint", "at", "seq"),
        ("audit_checkpoint", "signature", "seq"),
    ];
    for (table, column, order) in columns {
        let world = filled().await;
        world.open().sign_head().await.unwrap();
        let changed = match column {
            "seq" | "at" => format!("{column} + 1"),
            "record" => "replace(record, '}', ' }')".into(),
            _ => format!("zeroblob(length({column}))"),
        };
        tamper(
            &world,
            &format!(
                "UPDATE {table} SET {column} = {changed} WHERE {order} = (SELECT max({order}) FROM {table})"
            ),
        );
        let bad = world.open_unwitnessed().verify_log().await.unwrap().first_bad;
        assert!(bad.is_some(), "{table}.{column}");
    }
}
