//! A question for a person, and all that can happen to it. One function takes a question and an event, and returns the
//! next state or the reason why nothing changes.
//!
//! It is pure: no clock, no store. The store reads a question, calls `after`, and writes the result in one transaction.
//! It writes only if the row is still the one that it read. Nothing else changes the state of a question.
//!
//! - A yes counts while the question waits. Enough of them grant the least that they all allow.
//! - Anybody's no ends the question, even after a grant that nobody has used. Only the person who said it can take it
//!   back, by a step of its own (`Reopen`). Then everybody is asked again.
//! - Each answer names the version of the question that its person saw. An answer to another version is not taken. A
//!   late no is the exception: it is kept, so that a use that is given back is not granted again.
//! - What people said is never removed. It either counts or has stopped counting.
//!
//! Reasons: taking back a no is a step and not a flag, because the person should read the question again. A no may come
//! from anybody, because holding back is safe. A no also covers other words to the same people, unless its person says
//! otherwise: a person who is asked the same thing ten times says yes in the end.
//!
//! - Invariant: A no ends a question, and only the person who said it can take it back
//!   (`nothing_goes_without_enough_that_stand_after_the_last_no`,
//!   `a_no_stands_at_every_door_until_who_said_it_takes_it_back`).
//! - Invariant: An answer counts only for the version of the question that its person saw
//!   (`of_many_who_answer_one_page_at_once_one_is_heard`,
//!   `a_question_that_was_answered_elsewhere_has_no_buttons_and_takes_no_answer`).
//! - Invariant: A use that races with a no happens before it or not at all
//!   (`uses_that_race_with_a_no_are_before_it_or_do_not_happen`).

use datalog::ApproverName;
use time::OffsetDateTime;

#[cfg(test)]
mod tests;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalStatus {
    Pending,
    Approved,
    Denied,
    Used,
    /// The answer to a similar request covers it.
    Covered,
    Expired,
}

/// What a yes covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    pub reach: ApprovalReach,
    /// How many times; none for no limit.
    pub times: Option<u32>,
    pub until: OffsetDateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApprovalReach {
    Exact,
    Alike,
}

/// What a no covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bar {
    /// This request alone.
    Exact,
    /// Every request of the pass, or of one attenuated from it, by this operation to the same people.
    People,
}

/// One statement of a person about the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// None for an old no, whose name was not stored.
    pub by: Option<ApproverName>,
    pub at: OffsetDateTime,
    pub word: Word,
    /// Whether it still counts.
    pub stands: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    Yes {
        /// The signed third-party block.
        block: Vec<u8>,
        grant: Grant,
    },
    No {
        because: Option<String>,
        bar: Bar,
    },
    /// The no came after the approval was used.
    TooLate {
        because: Option<String>,
    },
    /// A person took back their own no.
    Reopened,
}

/// The state of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// Counts what people said, from 1. A page or a terminal shows one version.
    pub version: u32,
    pub status: ApprovalStatus,
    /// How many different people must say yes.
    pub needed: u32,
    /// Who may say yes; anybody if it is empty.
    pub approvers: Vec<ApproverName>,
    /// In the order in which people said it.
    pub said: Vec<Said>,
    /// The grant, while there is one.
    pub reach: Option<ApprovalReach>,
    /// How many uses are left. None without a limit, or before a grant.
    pub uses_left: Option<u32>,
    pub uses: u32,
    pub expires: OffsetDateTime,
    pub pass_ends: OffsetDateTime,
}

/// A person's answer, and the version that the person saw. None means any version.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub by: ApproverName,
    pub at: OffsetDateTime,
    pub seen: Option<u32>,
    pub says: Says,
}

#[derive(Debug, Clone)]
pub(crate) enum Says {
    Yes { block: Vec<u8>, grant: Grant },
    No { because: Option<String>, bar: Bar },
    Reopen { until: OffsetDateTime },
}

/// An event of a question.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Answered(Answer),
    /// A request uses the approval, because it is about to be sent.
    Used {
        at: OffsetDateTime,
    },
    /// That request certainly never left, so its use is undone.
    Returned,
    /// An approver's signatures stop counting.
    Retired {
        by: ApproverName,
        /// Until when the question waits again.
        until: OffsetDateTime,
    },
    /// The answer to a similar request covers it.
    Covered,
}

/// The state after an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    Now(Question),
    /// The no is kept, but it came too late to hold the request back.
    TooLate(Question),
}

/// Why an event changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The question has an answer, or has ended.
    Settled,
    /// This is not the version that the person saw.
    AnotherVersion,
    /// The pass asks other people than this one.
    NotAsked,
    /// This person has already said so.
    SaidBefore,
    /// Another person said no, or nobody did.
    NotTheirs,
    /// There is no approval to use or to give back.
    Nothing,
}

impl Question {
    /// Returns a new question.
    pub(crate) fn new(
        needed: u32,
        approvers: Vec<ApproverName>,
        expires: OffsetDateTime,
        pass_ends: OffsetDateTime,
    ) -> Self {
        Self {
            version: 1,
            status: ApprovalStatus::Pending,
            needed,
            approvers,
            said: Vec::new(),
            reach: None,
            uses_left: None,
            uses: 0,
            expires,
            pass_ends,
        }
    }

    /// Returns the state after an event.
    pub(crate) fn after(&self, happening: &Happening) -> Result<Next, Refused> {
        match happening {
            Happening::Answered(answer) => self.answered(answer),
            Happening::Used { at } => self.used(*at),
            Happening::Returned => self.returned(),
            Happening::Retired { by, until } => self.without(by, *until),
            Happening::Covered if self.status == ApprovalStatus::Pending => Ok(Next::Now(Self {
                version: self.version + 1,
                status: ApprovalStatus::Covered,
                ..self.clone()
            })),
            Happening::Covered => Err(Refused::Settled),
        }
    }

    /// Returns the people whose yes counts.
    pub(crate) fn approved_by(&self) -> impl Iterator<Item = (&ApproverName, &[u8], Grant, OffsetDateTime)> {
        self.said.iter().filter(|said| said.stands).filter_map(|said| match (&said.word, &said.by) {
            (Word::Yes { block, grant }, Some(by)) => Some((by, block.as_slice(), *grant, said.at)),
            _ => None,
        })
    }

    /// Returns the no that counts, if there is one.
    pub(crate) fn denial(&self) -> Option<&Said> {
        let no = |said: &&Said| said.stands && matches!(said.word, Word::No { .. });
        self.said.iter().rev().find(no).filter(|_| self.status == ApprovalStatus::Denied)
    }

    fn answered(&self, answer: &Answer) -> Result<Next, Refused> {
        use ApprovalStatus::{Approved, Denied, Pending, Used};
        let is_seen = answer.seen.is_none_or(|seen| seen == self.version);
        match (self.status, &answer.says) {
            // A late no is kept whatever version the person saw, because it holds back a use that is given back.
            (Used, Says::No { because, .. }) if !self.is_late(&answer.by) => {
                let word = Word::TooLate { because: because.clone() };
                Ok(Next::TooLate(self.with(answer, word)))
            }
            (Pending | Approved | Denied, _) if !is_seen => Err(Refused::AnotherVersion),
            (Pending, Says::Yes { block, grant }) => self.yes(answer, block, *grant),
            (Pending | Approved, Says::No { because, bar }) => {
                let word = Word::No { because: because.clone(), bar: *bar };
                Ok(Next::Now(self.silenced().with(answer, word).denied()))
            }
            (Denied, Says::Reopen { until }) => {
                if self.denial().and_then(|said| said.by.as_ref()) != Some(&answer.by) {
                    return Err(Refused::NotTheirs);
                }
                let reopened = self.silenced().with(answer, Word::Reopened);
                Ok(Next::Now(Self { status: Pending, expires: (*until).min(self.pass_ends), ..reopened }))
            }
            (Pending | Approved, Says::Reopen { .. }) => Err(Refused::NotTheirs),
            _ => Err(Refused::Settled),
        }
    }

    fn is_late(&self, by: &ApproverName) -> bool {
        let late = |said: &Said| matches!(said.word, Word::TooLate { .. }) && said.by.as_ref() == Some(by);
        self.said.iter().any(late)
    }

    fn yes(&self, answer: &Answer, block: &[u8], grant: Grant) -> Result<Next, Refused> {
        if !self.approvers.is_empty() && !self.approvers.contains(&answer.by) {
            return Err(Refused::NotAsked);
        }
        if self.approved_by().any(|(by, ..)| *by == answer.by) {
            return Err(Refused::SaidBefore);
        }
        let next = self.with(answer, Word::Yes { block: block.to_owned(), grant });
        let given = next.approved_by().count();
        let enough = usize::try_from(self.needed).is_ok_and(|needed| given >= needed);
        Ok(Next::Now(if enough { next.granted() } else { next }))
    }

    /// Returns the question with the least that all approvers allow: exact if one said so, the fewest times, the
    /// earliest end.
    fn granted(self) -> Self {
        let grants: Vec<Grant> = self.approved_by().map(|(_, _, grant, _)| grant).collect();
        let alike = grants.iter().all(|grant| grant.reach == ApprovalReach::Alike);
        Self {
            status: ApprovalStatus::Approved,
            reach: Some(if alike { ApprovalReach::Alike } else { ApprovalReach::Exact }),
            uses_left: grants.iter().filter_map(|grant| grant.times).min(),
            expires: grants.iter().map(|grant| grant.until).min().unwrap_or(self.expires),
            ..self
        }
    }

    /// Returns the denied question. A no holds until the pass ends, because the pass could ask again until then.
    fn denied(self) -> Self {
        let expires = self.pass_ends;
        Self { status: ApprovalStatus::Denied, reach: None, uses_left: None, expires, ..self }
    }

    fn used(&self, at: OffsetDateTime) -> Result<Next, Refused> {
        let stands =
            self.status == ApprovalStatus::Approved && self.expires > at && self.uses_left != Some(0);
        if !stands {
            return Err(Refused::Nothing);
        }
        let uses_left = self.uses_left.map(|left| left.saturating_sub(1));
        let status = if uses_left == Some(0) { ApprovalStatus::Used } else { ApprovalStatus::Approved };
        Ok(Next::Now(Self { status, uses_left, uses: self.uses.saturating_add(1), ..self.clone() }))
    }

    fn returned(&self) -> Result<Next, Refused> {
        let uses = self.uses.checked_sub(1).ok_or(Refused::Nothing)?;
        let uses_left = self.uses_left.map(|left| left.saturating_add(1));
        let next = Self { uses, uses_left, ..self.clone() };
        match self.status {
            ApprovalStatus::Approved => Ok(Next::Now(next)),
            ApprovalStatus::Used => {
                let late = self.said.iter().rev().find(|said| matches!(said.word, Word::TooLate { .. }));
                Ok(Next::Now(match late.map(|said| (said, &said.word)) {
                    Some((said, Word::TooLate { because })) => {
                        let word = Word::No { because: because.clone(), bar: Bar::Exact };
                        let no = Said { word, stands: true, ..said.clone() };
                        let version = self.version + 1;
                        let silenced = next.silenced();
                        let said = silenced.said.iter().cloned().chain([no]).collect();
                        Self { version, said, ..silenced }.denied()
                    }
                    _ => Self { status: ApprovalStatus::Approved, ..next },
                }))
            }
            // A no, or the end, came meanwhile, and stays.
            _ => Err(Refused::Nothing),
        }
    }

    /// Returns the state without this approver's answer. The other answers may not be enough then.
    fn without(&self, by: &ApproverName, until: OffsetDateTime) -> Result<Next, Refused> {
        let open = matches!(self.status, ApprovalStatus::Pending | ApprovalStatus::Approved);
        if !open || !self.approved_by().any(|(name, ..)| name == by) {
            return Err(Refused::Nothing);
        }
        let mut next = self.clone();
        for said in next.said.iter_mut().filter(|said| said.by.as_ref() == Some(by)) {
            said.stands = false;
        }
        next.version += 1;
        let given = next.approved_by().count();
        let enough = usize::try_from(self.needed).is_ok_and(|needed| given >= needed);
        if self.status == ApprovalStatus::Approved && !enough {
            let expires = until.min(self.pass_ends);
            next = Self { status: ApprovalStatus::Pending, reach: None, uses_left: None, expires, ..next };
        }
        Ok(Next::Now(next))
    }

    /// Returns the same question, in which nothing that people said before counts.
    fn silenced(&self) -> Self {
        let mut silenced = self.clone();
        silenced.said.iter_mut().for_each(|said| said.stands = false);
        silenced
    }

    fn with(&self, answer: &Answer, word: Word) -> Self {
        let mut next = self.clone();
        next.version += 1;
        let stands = !matches!(word, Word::TooLate { .. } | Word::Reopened);
        next.said.push(Said { by: Some(answer.by.clone()), at: answer.at, word, stands });
        next
    }
}
