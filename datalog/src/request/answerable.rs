//! What a request means beyond its fields, as far as a pass reads it: its recipients, the content of its message, the
//! people in its thread.
//!
//! Each part is known or unknown. An unknown part denies the request if the pass reads it; it is never a missing fact.
//!
//! - Invariant: `datalog/catalog/UNEVALUABLE.md` lists every request whose reach or readers Hallpass cannot know, and
//!   what to use instead (`every_operation_of_which_nobody_knows_whom_it_reaches_is_listed`,
//!   `every_operation_of_which_nobody_knows_who_reads_along_is_listed`,
//!   `every_request_that_is_listed_cannot_be_told_whatever_is_looked_up`).
//! - Invariant: If a pass limits recipients, a request that reaches people it does not name is denied
//!   (`whom_an_event_reaches_beside_its_guests_is_unevaluable`, `whom_a_file_reaches_by_another_way_is_unevaluable`).

use crate::catalog::finds::Finds;
use crate::decision::lookup::Observed;
use crate::request::canonical::Request;
use crate::request::decode::error::DecodeError;
use crate::request::decode::{self, Address, From, Reached};
use crate::words::vocabulary::bit;

const REACHED: u64 = bit("recipient") | bit("recipient_domain") | bit("recipient_count");
const ATTACHMENTS: u64 = bit("attachment_count");
const SUBJECT: u64 = bit("subject");
const FROM: u64 = bit("sender") | bit("sender_count") | bit("reply_to") | bit("reply_to_count");
const THREAD: u64 = bit("thread_participant") | bit("thread_participants");
const CONVERSATION: u64 = bit("channel_external");
/// Every word whose facts come from here.
pub(crate) const ALL: u64 = REACHED | ATTACHMENTS | SUBJECT | FROM | THREAD | CONVERSATION;

/// The words that a look-up of this kind informs.
pub(crate) fn words_of(finds: Finds) -> u64 {
    match finds {
        Finds::Draft => ALL & !CONVERSATION,
        Finds::Thread => THREAD,
        Finds::Event | Finds::Series | Finds::Imported | Finds::Calendar => REACHED,
        Finds::Rule | Finds::Permission | Finds::Access => REACHED,
        Finds::Conversation | Finds::Members | Finds::Person => CONVERSATION,
    }
}

/// What is known. A part that nothing reads is empty.
pub(crate) struct Answerable {
    pub(crate) reached: Result<Reached, DecodeError>,
    pub(crate) attachments: Result<usize, DecodeError>,
    pub(crate) subject: Result<String, DecodeError>,
    pub(crate) from: Result<From, DecodeError>,
    pub(crate) participants: Result<Vec<Address>, DecodeError>,
    pub(crate) external: Result<bool, DecodeError>,
    /// The words whose facts come from a look-up. An agent is not told these facts.
    pub(crate) looked_up: u64,
}

impl Answerable {
    pub(crate) fn of(request: &Request, observed: &Observed, reads: u64) -> Self {
        let mut told = Self {
            reached: Ok(Reached::default()),
            attachments: Ok(0),
            subject: Ok(String::new()),
            from: Ok(From::default()),
            participants: Ok(Vec::new()),
            external: Ok(false),
            looked_up: 0,
        };
        if reads & ALL == 0 {
            return told;
        }
        if reads & CONVERSATION != 0 {
            told.external = decode::external(request, observed);
        }
        if reads & (REACHED | ATTACHMENTS | SUBJECT | FROM) != 0 {
            told.tell_of_messages(request, observed, reads);
        }
        if reads & THREAD != 0 {
            told.participants = decode::participants(request, observed).map(<[Address]>::to_vec);
        }
        told.looked_up = Finds::ALL
            .into_iter()
            .filter(|finds| observed.has(*finds))
            .fold(0, |bits, finds| bits | words_of(finds));
        told
    }

    fn tell_of_messages(&mut self, request: &Request, observed: &Observed, reads: u64) {
        let messages = match decode::messages(request, observed) {
            Ok(messages) => messages,
            Err(error) => {
                self.reached = Err(error.clone());
                self.attachments = Err(error.clone());
                self.from = Err(error.clone());
                self.subject = Err(error);
                return;
            }
        };
        if reads & REACHED != 0 {
            self.reached = decode::reached(request, &messages, observed);
        }
        if reads & ATTACHMENTS != 0 {
            self.attachments = messages.iter().map(|message| decode::attachments(message)).sum();
        }
        if reads & FROM != 0 {
            self.from = decode::from(request, &messages);
        }
        if reads & SUBJECT != 0 {
            self.subject = decode::common_subject(&messages);
        }
    }

    /// The first unknown part among these words.
    pub(crate) fn unknown(&self, reads: u64) -> Option<&DecodeError> {
        if reads & ALL == 0 {
            return None;
        }
        self.untold(reads).next().map(|(_, error)| error)
    }

    /// The unknown parts among these words: all words of each part, and the reason.
    pub(crate) fn untold(&self, reads: u64) -> impl Iterator<Item = (u64, &DecodeError)> {
        let parts = [
            (REACHED, self.reached.as_ref().err()),
            (ATTACHMENTS, self.attachments.as_ref().err()),
            (SUBJECT, self.subject.as_ref().err()),
            (FROM, self.from.as_ref().err()),
            (THREAD, self.participants.as_ref().err()),
            (CONVERSATION, self.external.as_ref().err()),
        ];
        parts
            .into_iter()
            .filter(move |(words, _)| reads & words != 0)
            .filter_map(|(words, error)| Some((words, error?)))
    }

    /// The look-up that would inform more of these words.
    pub(crate) fn missing(&self, reads: u64) -> Option<Finds> {
        [REACHED, ATTACHMENTS, SUBJECT, FROM, THREAD, CONVERSATION].into_iter().find_map(|words| {
            match self.unknown(reads & words) {
                Some(DecodeError::Missing(finds)) => Some(*finds),
                _ => None,
            }
        })
    }
}
