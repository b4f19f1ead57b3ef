//! The budget tables. A plain count has one row. A window that slides, or a budget whose things count once, has parts.
//! No race overdraws a budget.
//!
//! A window has sixty slices. Each is dated by its end, so use leaves the window late rather than early. No minute,
//! hour or day holds more than the budget's size.
//!
//! - Invariant: Racing requests do not overdraw a budget (`a_budget_that_a_thousand_race_for_is_not_overdrawn`,
//!   `windows_and_recipients_that_a_thousand_race_for_are_not_overdrawn`).
//! - Invariant: No minute, hour or day holds more than the size of a sliding budget
//!   (`a_window_slides_and_never_holds_more_than_its_size`).

use datalog::{Counts, Reservation, Spent, Window};
use rusqlite::{Connection, OptionalExtension, params};
use time::{Duration, OffsetDateTime};

use super::approval::use_up;
use super::budget_cache::Change;
use super::columns::millis;
use super::once::{put as put_once, stands as stands_already};
use super::writer::{Verdict, Writing};
use crate::store::budget::{BudgetStore, Intended, Taken};
use crate::store::sqlite::store::SqliteStore;
use crate::store::stored::Stored;
use crate::store::{Line, OnceKey, Use};

/// Slices of a window.
const SLICES: u64 = 60;
/// How long counts are kept after the last pass that could take from them has ended, in case a clock is set back.
const KEPT: Duration = Duration::days(1);

impl BudgetStore for SqliteStore {
    fn used<'a>(&'a self, reservations: &'a [Reservation]) -> Stored<'a, Vec<Spent>> {
        Box::pin(async move {
            if reservations.is_empty() {
                return Ok(Vec::new());
            }
            let known: Option<Vec<Spent>> = reservations.iter().map(|one| self.remembered(one)).collect();
            match known {
                Some(known) => Ok(known),
                None => {
                    self.read(|connection| reservations.iter().map(|one| stands(connection, one)).collect())
                }
            }
        })
    }

    fn intended(
        &self,
        line: Line,
        reservations: Vec<Reservation>,
        approval: Option<Use>,
        once: Option<OnceKey>,
    ) -> Stored<'_, Intended> {
        // With one budget and no approval, nothing is written before it is certain that enough is left.
        let sure = approval.is_none() && reservations.len() <= 1;
        let job = move |writing: &mut Writing<'_>| {
            if let Some(key) = &once
                && let Some(first) = stands_already(writing.connection, key)?
            {
                return Ok(Verdict::Undo(Intended::SentBefore(first)));
            }
            if let Some(approval) = &approval
                && !use_up(writing.connection, approval)?
            {
                return Ok(Verdict::Undo(Intended::ApprovalUsed));
            }
            match take_all(writing, reservations)? {
                Taken::All => {
                    let seq = writing.append(&line)?;
                    if let Some(key) = &once {
                        put_once(writing.connection, key, seq)?;
                    }
                    Ok(Verdict::Keep(Intended::Written(seq)))
                }
                Taken::Exhausted { budget } => Ok(Verdict::Undo(Intended::Exhausted { budget })),
            }
        };
        match sure {
            true => Box::pin(self.writer.write_surely(job)),
            false => Box::pin(self.writer.write(job)),
        }
    }

    fn taken(&self, reservations: Vec<Reservation>) -> Stored<'_, Taken> {
        Box::pin(self.writer.write(move |writing| {
            Ok(match take_all(writing, reservations)? {
                Taken::All => Verdict::Keep(Taken::All),
                exhausted @ Taken::Exhausted { .. } => Verdict::Undo(exhausted),
            })
        }))
    }

    fn release(&self, reservations: Vec<Reservation>) -> Stored<'_, ()> {
        Box::pin(self.writer.write(move |writing| {
            reservations.iter().try_for_each(|one| give_back(writing, one))?;
            Ok(Verdict::Keep(()))
        }))
    }

    fn settled_later(&self, unspent: Vec<Reservation>) {
        self.writer.write_later(move |writing| unspent.iter().try_for_each(|one| give_back(writing, one)));
    }
}

impl SqliteStore {
    /// Returns the state of a plain budget, if it is known without reading the disk.
    fn remembered(&self, reservation: &Reservation) -> Option<Spent> {
        let plain = matches!(place(reservation), CountedAt::Row);
        self.standing.of(&reservation.budget).filter(|_| plain).map(Spent::from)
    }
}

/// Where a reservation is counted.
enum CountedAt<'a> {
    /// In the budget's own row.
    Row,
    /// In its slice of the window.
    Slice { window: Window, number: u64, end: u64 },
    /// In a row for each thing.
    Things { items: &'a [String], window: Option<Window> },
}

fn place(reservation: &Reservation) -> CountedAt<'_> {
    match (&reservation.counts, reservation.window) {
        (Counts::Once(items), window) => CountedAt::Things { items, window },
        (Counts::Each | Counts::Stream, None) => CountedAt::Row,
        (Counts::Each | Counts::Stream, Some(window)) => {
            let length = length(window) / SLICES;
            let number = reservation.at / length;
            CountedAt::Slice { window, number, end: number.saturating_add(1).saturating_mul(length) }
        }
    }
}

/// Returns the length in milliseconds.
fn length(window: Window) -> u64 {
    window.seconds().saturating_mul(1_000)
}

/// Returns a date. Uses with this date or an earlier one have left the window.
fn horizon(reservation: &Reservation, window: Option<Window>) -> i64 {
    window.map_or(-1, |window| count(reservation.at.saturating_sub(length(window))))
}

fn stands(connection: &Connection, reservation: &Reservation) -> rusqlite::Result<Spent> {
    let key = &reservation.budget;
    match place(reservation) {
        CountedAt::Row => {
            let mut select = connection.prepare_cached("SELECT used FROM budget WHERE key = ?1")?;
            let used: Option<u64> = select.query_row([key], |row| row.get(0)).optional()?;
            Ok(used.unwrap_or_default().into())
        }
        CountedAt::Slice { window, .. } => {
            let parts = parts(connection, key, horizon(reservation, Some(window)))?;
            let used = parts.iter().fold(0u64, |used, (_, amount)| used.saturating_add(*amount));
            let refills = refills(&parts, reservation, window);
            let wait = wait(&parts, reservation, window, used.saturating_add(reservation.cost));
            Ok(Spent { used, cost: None, wait, refills })
        }
        CountedAt::Things { items, window } => {
            let from = horizon(reservation, window);
            let parts = parts(connection, key, from)?;
            let (used, fresh) = (parts.len() as u64, fresh(connection, key, items, from)?);
            let once: Vec<(u64, u64)> = parts.into_iter().map(|(at, _)| (at, 1)).collect();
            let after = used.saturating_add(fresh);
            let refills = window.and_then(|window| refills(&once, reservation, window));
            let wait = window.and_then(|window| wait(&once, reservation, window, after));
            Ok(Spent { used, cost: Some(fresh), wait, refills })
        }
    }
}

/// Returns the parts that still count, oldest first: their date and their size.
fn parts(connection: &Connection, key: &str, horizon: i64) -> rusqlite::Result<Vec<(u64, u64)>> {
    connection
        .prepare_cached(
            "SELECT dated_at, amount FROM budget_part WHERE key = ?1 AND dated_at > ?2 ORDER BY dated_at",
        )?
        .query_map(params![key, horizon], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Returns how many of the things do not count yet.
fn fresh(connection: &Connection, key: &str, items: &[String], horizon: i64) -> rusqlite::Result<u64> {
    let mut select = connection
        .prepare_cached("SELECT 1 FROM budget_part WHERE key = ?1 AND part = ?2 AND dated_at > ?3")?;
    let mut fresh = 0;
    for item in items {
        fresh += u64::from(!select.exists(params![key, item, horizon])?);
    }
    Ok(fresh)
}

/// Returns how many milliseconds it takes until the oldest part leaves the window. A slice that was given back whole
/// does not count.
fn refills(parts: &[(u64, u64)], reservation: &Reservation, window: Window) -> Option<u64> {
    let (at, _) = parts.iter().find(|(_, amount)| *amount > 0)?;
    Some(at.saturating_add(length(window)).saturating_sub(reservation.at).max(1))
}

/// Returns how many milliseconds it takes until enough has left the window. None if there is room now, or never will
/// be.
fn wait(parts: &[(u64, u64)], reservation: &Reservation, window: Window, wanted: u64) -> Option<u64> {
    let mut over = wanted.checked_sub(reservation.max).filter(|over| *over > 0)?;
    for (at, amount) in parts {
        over = over.saturating_sub(*amount);
        if over == 0 {
            return Some(at.saturating_add(length(window)).saturating_sub(reservation.at).max(1));
        }
    }
    None
}

fn take_all(writing: &mut Writing<'_>, reservations: Vec<Reservation>) -> rusqlite::Result<Taken> {
    for reservation in reservations {
        if !take(writing, &reservation)? {
            return Ok(Taken::Exhausted { budget: reservation.budget });
        }
    }
    Ok(Taken::All)
}

/// Takes from a budget. Returns whether enough was left.
fn take(writing: &mut Writing<'_>, reservation: &Reservation) -> rusqlite::Result<bool> {
    let Reservation { budget, max, cost, ends, .. } = reservation;
    let connection = writing.connection;
    match place(reservation) {
        CountedAt::Row => take_row(writing, reservation),
        CountedAt::Slice { window, number, end } => {
            forget(connection, budget, horizon(reservation, Some(window)))?;
            let used: u64 = connection
                .prepare_cached("SELECT coalesce(sum(amount), 0) FROM budget_part WHERE key = ?1")?
                .query_row([budget], |row| row.get(0))?;
            if used.saturating_add(*cost) > *max {
                return Ok(false);
            }
            add(connection, budget, &number.to_string(), end, *cost, *ends).map(|()| true)
        }
        CountedAt::Things { items, window } => {
            forget(connection, budget, horizon(reservation, window))?;
            let used: u64 = connection
                .prepare_cached("SELECT count(*) FROM budget_part WHERE key = ?1")?
                .query_row([budget], |row| row.get(0))?;
            if used.saturating_add(fresh(connection, budget, items, -1)?) > *max {
                return Ok(false);
            }
            for item in items {
                add(connection, budget, item, reservation.at, 1, *ends)?;
            }
            Ok(true)
        }
    }
}

fn take_row(writing: &mut Writing<'_>, reservation: &Reservation) -> rusqlite::Result<bool> {
    if reservation.cost > reservation.max {
        return Ok(false);
    }
    let mut take = writing.connection.prepare_cached(
        "INSERT INTO budget (key, used, ends_at) VALUES (?1, ?2, ?4)
         ON CONFLICT (key) DO UPDATE SET used = used + excluded.used WHERE used <= ?3 - excluded.used
         RETURNING used",
    )?;
    let (cost, max, ends) = (count(reservation.cost), count(reservation.max), ends_at(reservation.ends));
    let used = take.query_row(params![reservation.budget, cost, max, ends], |row| row.get(0)).optional()?;
    if let Some(used) = used {
        writing.budget(Change::Used(reservation.budget.clone(), used));
    }
    Ok(used.is_some())
}

fn add(
    connection: &Connection,
    key: &str,
    part: &str,
    dated: u64,
    amount: u64,
    ends: u64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO budget_part (key, part, dated_at, amount, ends_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (key, part) DO UPDATE
             SET amount = amount + excluded.amount, dated_at = max(dated_at, excluded.dated_at)",
        )?
        .execute(params![key, part, count(dated), count(amount), ends_at(ends)])
        .map(|_| ())
}

/// Drops the parts that have left the window.
fn forget(connection: &Connection, key: &str, horizon: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM budget_part WHERE key = ?1 AND dated_at <= ?2")?
        .execute(params![key, horizon])
        .map(|_| ())
}

fn give_back(writing: &mut Writing<'_>, reservation: &Reservation) -> rusqlite::Result<()> {
    let Reservation { budget, cost, .. } = reservation;
    writing.budget(Change::Unknown(budget.clone()));
    let connection = writing.connection;
    let from_part = |part: &str, amount: u64| {
        connection
            .prepare_cached(
                "UPDATE budget_part SET amount = max(0, amount - ?3) WHERE key = ?1 AND part = ?2",
            )?
            .execute(params![budget, part, count(amount)])
    };
    match place(reservation) {
        CountedAt::Row => connection
            .prepare_cached("UPDATE budget SET used = max(0, used - ?2) WHERE key = ?1")?
            .execute(params![budget, count(*cost)])
            .map(|_| ()),
        CountedAt::Slice { number, .. } => from_part(&number.to_string(), *cost).map(|_| ()),
        CountedAt::Things { items, .. } => {
            // A thing counts until every request that took it has given it back.
            for item in items {
                from_part(item, 1)?;
            }
            connection
                .prepare_cached("DELETE FROM budget_part WHERE key = ?1 AND amount = 0")?
                .execute([budget])
                .map(|_| ())
        }
    }
}

/// Drops the counts of passes that ended long enough ago.
pub(super) fn prune(writing: &mut Writing<'_>, now: OffsetDateTime) -> rusqlite::Result<()> {
    writing.budget(Change::AllUnknown);
    let connection = writing.connection;
    let before = millis(now.saturating_sub(KEPT));
    connection.prepare_cached("DELETE FROM budget WHERE ends_at < ?1")?.execute([before])?;
    connection.prepare_cached("DELETE FROM budget_part WHERE ends_at < ?1")?.execute([before])?;
    Ok(())
}

fn ends_at(seconds: u64) -> i64 {
    count(seconds.saturating_mul(1_000))
}

/// Returns a count as SQLite holds it. Nobody reaches a larger one.
fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
