//! The budget table: conditional updates, so that no race can overdraw.

use datalog::Reservation;
use rusqlite::{OptionalExtension, params};

use super::SqliteStore;
use super::approval::use_up;
use super::writer::{Verdict, Writing};
use crate::store::budget::{BudgetStore, Intended};
use crate::store::{Line, Stored, Use};

impl BudgetStore for SqliteStore {
    fn used<'a>(&'a self, budgets: &'a [String]) -> Stored<'a, Vec<u64>> {
        Box::pin(async move {
            if budgets.is_empty() {
                return Ok(Vec::new());
            }
            self.read(|connection| {
                let mut select = connection.prepare_cached("SELECT used FROM budget WHERE key = ?1")?;
                let mut one = |budget| {
                    select.query_row([budget], |row| row.get(0)).optional().map(Option::unwrap_or_default)
                };
                budgets.iter().map(&mut one).collect()
            })
        })
    }

    fn intended(
        &self,
        line: Line,
        reservations: Vec<Reservation>,
        approval: Option<Use>,
    ) -> Stored<'_, Intended> {
        Box::pin(self.writer.write(move |writing| {
            if let Some(Use { id, digest, at }) = &approval
                && !use_up(writing.connection, id, digest, *at)?
            {
                return Ok(Verdict::Undo(Intended::ApprovalUsed));
            }
            for reservation in reservations {
                if !take(writing, &reservation)? {
                    return Ok(Verdict::Undo(Intended::Exhausted { budget: reservation.budget }));
                }
            }
            writing.append(&line).map(|seq| Verdict::Keep(Intended::Written(seq)))
        }))
    }

    fn release(&self, reservations: Vec<Reservation>) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            let mut give_back = writing
                .connection
                .prepare_cached("UPDATE budget SET used = max(0, used - ?2) WHERE key = ?1")?;
            for reservation in &reservations {
                give_back.execute(params![reservation.budget, count(reservation.cost)])?;
            }
            Ok(Verdict::Keep(()))
        }))
    }
}

/// Whether there was enough left.
fn take(writing: &Writing<'_>, reservation: &Reservation) -> rusqlite::Result<bool> {
    if reservation.cost > reservation.max {
        return Ok(false);
    }
    let changed = writing
        .connection
        .prepare_cached(
            "INSERT INTO budget (key, used) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET used = used + excluded.used WHERE used <= ?3 - excluded.used",
        )?
        .execute(params![reservation.budget, count(reservation.cost), count(reservation.max)])?;
    Ok(changed == 1)
}

/// Counts past what SQLite holds are no count that anyone reaches.
fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
