//! The schema, as numbered steps that run once each.
//!
//! A released step is never edited; a change is a new step. A database that is newer than this program is refused,
//! because nobody can guess its schema.

use datalog::Message;
use rusqlite::Connection;

use super::StoreFault;
use crate::store::sqlite::fault::fault;

/// The steps in order. The number of a step is its place, from 1. `PRAGMA user_version` holds the last one that ran.
const STEPS: [&str; 14] = [
    // 1: everything that the first version keeps. Times are milliseconds since 1970.
    "
    -- One row a link to an account. `id` is random and never used again.
    CREATE TABLE connection (
        id            INTEGER PRIMARY KEY,
        name          TEXT    NOT NULL UNIQUE,
        service       TEXT    NOT NULL,
        account       TEXT    NOT NULL,
        scopes        TEXT    NOT NULL,            -- separated by spaces
        client_id     TEXT    NOT NULL,
        client_secret BLOB,                        -- sealed
        status        TEXT    NOT NULL CHECK (status IN ('healthy', 'needs-reconnect', 'disconnecting')),
        generation    INTEGER NOT NULL,            -- the current one; what every change is fenced by
        connected_at  INTEGER NOT NULL
    ) STRICT;

    -- The tokens of a connection, one row a generation; the one before the current is kept.
    CREATE TABLE credential (
        connection  INTEGER NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
        generation  INTEGER NOT NULL,
        access      BLOB    NOT NULL,              -- sealed
        refresh     BLOB,                          -- sealed
        obtained_at INTEGER NOT NULL,
        expires_at  INTEGER,
        PRIMARY KEY (connection, generation)
    ) STRICT;

    -- A refresh that was begun and whose end is not known.
    CREATE TABLE refresh_intent (
        connection INTEGER NOT NULL PRIMARY KEY REFERENCES connection (id) ON DELETE CASCADE,
        generation INTEGER NOT NULL,
        began_at   INTEGER NOT NULL
    ) STRICT;

    -- What was minted; never the text of a pass.
    CREATE TABLE pass (
        id          TEXT    NOT NULL PRIMARY KEY,
        task        TEXT    NOT NULL,
        created_at  INTEGER NOT NULL,
        expires_at  INTEGER NOT NULL,
        connections TEXT    NOT NULL,              -- separated by spaces
        root_key    INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX pass_by_creation ON pass (created_at);

    -- Ids of passes and of delegated blocks that are refused.
    CREATE TABLE revocation (
        id         TEXT    NOT NULL PRIMARY KEY,
        revoked_at INTEGER NOT NULL,
        because    TEXT
    ) STRICT, WITHOUT ROWID;

    -- What lineages have taken from their budgets.
    CREATE TABLE budget (
        key  TEXT    NOT NULL PRIMARY KEY,
        used INTEGER NOT NULL CHECK (used >= 0)
    ) STRICT, WITHOUT ROWID;

    -- The audit log: canonical JSON, and SHA-256 over the hash before and that text.
    -- The virtual columns are read from the text, so they cannot say something else.
    CREATE TABLE audit (
        seq        INTEGER NOT NULL PRIMARY KEY,
        record     TEXT    NOT NULL,
        hash       BLOB    NOT NULL,
        kind       TEXT    AS (record ->> '$.kind'),
        outcome_of INTEGER AS (record ->> '$.of')
    ) STRICT;
    CREATE TRIGGER audit_is_not_edited BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

    -- Ed25519 key pairs that passes are minted with.
    CREATE TABLE root_key (
        id         INTEGER NOT NULL PRIMARY KEY,
        public     BLOB    NOT NULL,
        seed       BLOB,                           -- sealed; none once retired
        created_at INTEGER NOT NULL,
        retired    INTEGER NOT NULL CHECK (retired IN (0, 1))
    ) STRICT;

    -- Single values: `stopped` while the emergency stop holds, `vault_check` to know the vault key by.
    CREATE TABLE setting (
        name  TEXT NOT NULL PRIMARY KEY,
        value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    ",
    // 2: checkpoints of the audit log, the key that signs them, and a log that can lose its beginning.
    "
    -- One Ed25519 key pair.
    CREATE TABLE audit_key (
        id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
        public     BLOB    NOT NULL,
        seed       BLOB    NOT NULL,               -- sealed
        created_at INTEGER NOT NULL
    ) STRICT;

    -- Where the log stood, signed.
    CREATE TABLE audit_checkpoint (
        seq       INTEGER NOT NULL PRIMARY KEY,
        hash      BLOB    NOT NULL,
        at        INTEGER NOT NULL,
        signature BLOB    NOT NULL
    ) STRICT;

    -- What the first record that is still here is chained to; no row while that is the very first.
    CREATE TABLE audit_base (
        id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
        seq  INTEGER NOT NULL,
        hash BLOB    NOT NULL
    ) STRICT;

    -- Only what is before the base may go.
    DROP TRIGGER audit_is_not_cut;
    CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
    WHEN OLD.seq > coalesce((SELECT seq FROM audit_base), 0)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    ",
    // 3: what a pass says (facts, checks and plain words, as JSON), so that people can look it up.
    "ALTER TABLE pass ADD COLUMN says TEXT;",
    // 4: questions for people, their answers, and the stops of single things.
    "
    -- Who approves, by an Ed25519 key of their own.
    CREATE TABLE approver (
        name       TEXT    NOT NULL PRIMARY KEY,
        public     BLOB    NOT NULL,
        seed       BLOB,                           -- sealed; none once retired
        created_at INTEGER NOT NULL
    ) STRICT;

    -- One request of one holder that a person is asked about.
    CREATE TABLE approval (
        id           TEXT    NOT NULL PRIMARY KEY,
        root         TEXT    NOT NULL,             -- the pass; with all that was attenuated from it
        holder       TEXT    NOT NULL,             -- the last block of the lineage
        lineage      TEXT    NOT NULL,             -- separated by spaces
        task         TEXT    NOT NULL,
        connection   TEXT    NOT NULL,
        operation    TEXT    NOT NULL,
        digest       TEXT    NOT NULL,             -- of the canonical request
        alike        TEXT,                         -- of what requests that are alike have in common
        request      BLOB    NOT NULL,             -- the pass's third-party request
        shown        BLOB,                         -- sealed; none once settled
        needed       INTEGER NOT NULL,             -- distinct approvers
        approvers    TEXT    NOT NULL,             -- who may, separated by spaces; empty is anybody
        state        TEXT    NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'used', 'covered', 'expired')),
        reach        TEXT    CHECK (reach IN ('exact', 'alike')),
        uses_left    INTEGER CHECK (uses_left >= 0),
        uses         INTEGER NOT NULL,
        because      TEXT,
        asked_at     INTEGER NOT NULL,
        expires_at   INTEGER NOT NULL,
        pass_ends_at INTEGER NOT NULL
    ) STRICT;
    -- The same request finds the same question.
    CREATE UNIQUE INDEX approval_open ON approval (holder, digest) WHERE state IN ('pending', 'approved', 'denied');
    CREATE INDEX approval_alike ON approval (holder, alike) WHERE reach = 'alike';
    CREATE INDEX approval_waiting ON approval (root) WHERE state = 'pending';
    CREATE INDEX approval_by_time ON approval (asked_at);

    -- One approver's signed yes.
    CREATE TABLE approval_answer (
        approval    TEXT    NOT NULL REFERENCES approval (id) ON DELETE CASCADE,
        approver    TEXT    NOT NULL REFERENCES approver (name),
        answered_at INTEGER NOT NULL,
        block       BLOB    NOT NULL,
        reach       TEXT    NOT NULL CHECK (reach IN ('exact', 'alike')),
        times       INTEGER,
        until_at    INTEGER NOT NULL,
        PRIMARY KEY (approval, approver)
    ) STRICT;

    -- What is stopped until a person resumes it.
    CREATE TABLE suspension (
        kind         TEXT    NOT NULL CHECK (kind IN ('pass', 'task', 'connection')),
        name         TEXT    NOT NULL,
        because      TEXT,
        suspended_at INTEGER NOT NULL,
        PRIMARY KEY (kind, name)
    ) STRICT, WITHOUT ROWID;
    ",
    // 5: budgets with a sliding window, or that count different things, and when counts may be dropped.
    "
    -- One row a slice of a window, or a thing that counts once (a hash).
    CREATE TABLE budget_part (
        key      TEXT    NOT NULL,
        part     TEXT    NOT NULL,
        dated_at INTEGER NOT NULL,                 -- the end of the slice, or when the thing was last taken
        amount   INTEGER NOT NULL CHECK (amount >= 0),
        ends_at  INTEGER NOT NULL,                 -- when the pass that set the budget ends
        PRIMARY KEY (key, part)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE budget ADD COLUMN ends_at INTEGER; -- as above; of older counts it is not known
    ",
    // 6: how far each sink has told people what is in the log.
    "CREATE TABLE told (sink TEXT NOT NULL PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
    // 7: what answers have shown to each lineage, until it ends.
    "
    CREATE TABLE provenance (
        lineage    TEXT    NOT NULL,               -- the revocation id of the authority block
        connection TEXT    NOT NULL,
        kind       TEXT    NOT NULL,
        id         TEXT    NOT NULL,
        created    INTEGER NOT NULL CHECK (created IN (0, 1)),
        ends_at    INTEGER NOT NULL,
        PRIMARY KEY (lineage, connection, kind, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX provenance_by_end ON provenance (ends_at);
    ",
    // 8: the facts of decisions, and the wording of passes.
    "
    -- What one decision was made of. Numbered as its record, which has its SHA-256.
    CREATE TABLE decision_facts (
        seq   INTEGER NOT NULL PRIMARY KEY,
        at    INTEGER NOT NULL,
        facts BLOB    NOT NULL                     -- sealed
    ) STRICT;

    -- What a pass says, by the SHA-256 of that; the facts of its decisions name it.
    CREATE TABLE pass_wording (
        digest  BLOB    NOT NULL PRIMARY KEY,
        wording BLOB    NOT NULL,                  -- sealed
        ends_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    ",
    // 9: parts of a record's text are read when somebody asks, and no longer computed for every record written.
    "
    ALTER TABLE audit DROP COLUMN kind;
    ALTER TABLE audit DROP COLUMN outcome_of;
    ",
    // 10: the scopes asked for as well as those granted, when a grant ends, and what people were told about a
    // connection.
    "
    ALTER TABLE connection ADD COLUMN asked TEXT;            -- scopes, separated by spaces
    ALTER TABLE credential ADD COLUMN scopes TEXT;           -- what was granted, as far as was said; else the connection's
    ALTER TABLE credential ADD COLUMN grant_began_at INTEGER;
    ALTER TABLE credential ADD COLUMN grant_ends_at INTEGER; -- as the provider announced it

    -- One row a kind: so people are told once, until it is over.
    CREATE TABLE concern (
        connection INTEGER NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
        kind       TEXT    NOT NULL,
        says       TEXT    NOT NULL,               -- JSON
        at         INTEGER NOT NULL,               -- when people were told last
        PRIMARY KEY (connection, kind)
    ) STRICT, WITHOUT ROWID;
    ",
    // 11: requests that do more than read and were sent, so that none is sent twice while the outcome of the first is
    // unknown.
    "
    CREATE TABLE sent_once (
        lineage TEXT    NOT NULL,                  -- the revocation id of the authority block
        digest  TEXT    NOT NULL,                  -- of the canonical request
        seq     INTEGER NOT NULL UNIQUE,           -- its record
        sent_at INTEGER NOT NULL,
        free_at INTEGER NOT NULL,                  -- from then on the same may be sent
        fate    TEXT    NOT NULL CHECK (fate IN ('on-its-way', 'unknown', 'carried-out')),
        PRIMARY KEY (lineage, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sent_once_by_end ON sent_once (free_at);
    ",
    // 12: everything that people said about a question, in order, and which version of it they saw.
    "
    ALTER TABLE approval ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE approval ADD COLUMN people TEXT;   -- hashes of whom it reaches, separated by spaces

    CREATE TABLE approval_said (
        approval TEXT    NOT NULL REFERENCES approval (id) ON DELETE CASCADE,
        place    INTEGER NOT NULL,
        approver TEXT    REFERENCES approver (name), -- none of a no from before this was kept
        said     TEXT    NOT NULL CHECK (said IN ('yes', 'no', 'too-late', 'reopened')),
        said_at  INTEGER NOT NULL,
        stands   INTEGER NOT NULL CHECK (stands IN (0, 1)),
        because  TEXT,
        bar      TEXT    CHECK (bar IN ('exact', 'people')),
        block    BLOB,
        reach    TEXT    CHECK (reach IN ('exact', 'alike')),
        times    INTEGER,
        until_at INTEGER,
        PRIMARY KEY (approval, place)
    ) STRICT;
    CREATE INDEX approval_said_by ON approval_said (approver) WHERE stands = 1;

    INSERT INTO approval_said (approval, place, approver, said, said_at, stands, block, reach, times, until_at)
    SELECT approval, row_number() OVER (PARTITION BY approval ORDER BY answered_at, approver) - 1, approver, 'yes',
           answered_at, 1, block, reach, times, until_at
    FROM approval_answer;
    -- Who said no stands in the log alone.
    INSERT INTO approval_said (approval, place, approver, said, said_at, stands, because, bar)
    SELECT id, 0,
           (SELECT name FROM approver WHERE name =
              (SELECT record ->> '$.approval.by' FROM audit
               WHERE record ->> '$.event' = 'approval-denied' AND record ->> '$.approval.id' = approval.id
               ORDER BY seq DESC LIMIT 1)),
           'no', asked_at, 1, because, 'exact'
    FROM approval WHERE state = 'denied';
    UPDATE approval SET version = 1 + (SELECT count(*) FROM approval_said WHERE approval = approval.id);
    DROP TABLE approval_answer;
    ALTER TABLE approval DROP COLUMN because;
    CREATE INDEX approval_of_pass ON approval (root, connection, operation) WHERE state IN ('pending', 'approved', 'denied');
    ",
    // 13: the console's sessions, which outlive the process.
    "
    CREATE TABLE console_session (
        id       TEXT    NOT NULL PRIMARY KEY,     -- SHA-256 of what its browser has
        sealed   BLOB    NOT NULL,
        began_at INTEGER NOT NULL,
        seen_at  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    ",
    // 14: a letter that a client builds again counts as the one that was sent.
    "
    ALTER TABLE sent_once ADD COLUMN question TEXT; -- what a person would be asked; none of what was sent before this
    CREATE INDEX sent_once_by_question ON sent_once (lineage, question);
    ",
];

pub(super) fn run(connection: &mut Connection) -> Result<(), StoreFault> {
    let version: usize = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| fault(&error))?;
    if version > STEPS.len() {
        let says = format!("the database has schema {version}, expected at most {}", STEPS.len());
        return Err(StoreFault(Message::new(says).hint("it belongs to a newer hallpass")));
    }
    for (position, step) in STEPS.iter().enumerate().skip(version) {
        let transaction = connection.transaction().map_err(|error| fault(&error))?;
        transaction.execute_batch(step).map_err(|error| fault(&error))?;
        transaction.pragma_update(None, "user_version", position + 1).map_err(|error| fault(&error))?;
        transaction.commit().map_err(|error| fault(&error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A home of the earlier version, with a question of each kind.
    #[test]
    fn what_people_said_before_is_kept_with_who_said_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let before = STEPS.iter().position(|step| step.contains("CREATE TABLE approval_said")).unwrap();
        for step in &STEPS[..before] {
            connection.execute_batch(step).unwrap();
        }
        connection.pragma_update(None, "user_version", before).unwrap();
        connection.pragma_update(None, "foreign_keys", "ON").unwrap();
        connection
            .execute_batch(
                r#"INSERT INTO approver VALUES ('anna', zeroblob(32), NULL, 1), ('bob', zeroblob(32), NULL, 2);
                INSERT INTO approval (id, root, holder, lineage, task, connection, operation, digest, request, needed, approvers,
                    state, uses, because, asked_at, expires_at, pass_ends_at)
                VALUES ('a', 'r', 'r', 'r', 't', 'c', 'o', 'd1', x'', 2, '', 'approved', 0, NULL, 5, 9, 9),
                       ('b', 'r', 'r', 'r', 't', 'c', 'o', 'd2', x'', 1, '', 'denied', 0, 'no way', 6, 9, 9),
                       ('c', 'r', 'r', 'r', 't', 'c', 'o', 'd3', x'', 1, '', 'denied', 0, NULL, 7, 9, 9);
                INSERT INTO approval_answer VALUES ('a', 'bob', 8, x'02', 'exact', 1, 9), ('a', 'anna', 7, x'01', 'alike', NULL, 9);
                INSERT INTO audit (seq, record, hash) VALUES
                    (1, '{"event":"approval-denied","approval":{"id":"b","by":"anna"}}', x''),
                    (2, '{"event":"approval-denied","approval":{"id":"c","by":"nobody"}}', x'');"#,
            )
            .unwrap();
        run(&mut connection).unwrap();
        let mut statement = connection
            .prepare(
                "SELECT approval, place, approver, said, because FROM approval_said ORDER BY approval, place",
            )
            .unwrap();
        let said: Vec<String> = statement
            .query_map([], |row| {
                let by: Option<String> = row.get("approver")?;
                let because: Option<String> = row.get("because")?;
                let (of, said): (String, String) = (row.get("approval")?, row.get("said")?);
                Ok(format!("{of} {} {said} {}", by.unwrap_or("?".into()), because.unwrap_or_default()))
            })
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        assert_eq!(said, ["a anna yes ", "a bob yes ", "b anna no no way", "c ? no "]);
        let versions: Vec<u32> = connection
            .prepare("SELECT version FROM approval ORDER BY id")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        assert_eq!(versions, [3, 2, 2]);
    }
}
