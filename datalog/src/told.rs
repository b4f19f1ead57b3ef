//! What a request means beyond its fields, as far as a pass reads it: whom it reaches, what its message holds, who takes
//! part in its thread.
//!
//! Every part is known or it is not; what is not is a denial for a pass that reads it, never a missing fact.

use crate::decode::{self, Address, DecodeError, Reached};
use crate::lookup::{Finds, Observed};
use crate::request::Request;
use crate::vocabulary::bit;

const REACHED: u64 = bit("recipient") | bit("recipient_domain") | bit("recipient_count");
const ATTACHMENTS: u64 = bit("attachment_count");
const SUBJECT: u64 = bit("subject");
const THREAD: u64 = bit("thread_participant") | bit("thread_participants");
const CONVERSATION: u64 = bit("channel_external");
/// Every word that is told here.
pub(crate) const ALL: u64 = REACHED | ATTACHMENTS | SUBJECT | THREAD | CONVERSATION;

/// The words that a look-up tells something for.
pub(crate) fn words_of(finds: Finds) -> u64 {
    match finds {
        Finds::Draft => ALL & !CONVERSATION,
        Finds::Thread => THREAD,
        Finds::Event | Finds::Series | Finds::Calendar | Finds::Rule | Finds::Permission | Finds::Access => {
            REACHED
        }
        Finds::Conversation | Finds::Members | Finds::Person => CONVERSATION,
    }
}

/// What was told; a part that nothing reads is empty.
pub(crate) struct Told {
    pub(crate) reached: Result<Reached, DecodeError>,
    pub(crate) attachments: Result<usize, DecodeError>,
    pub(crate) subject: Result<String, DecodeError>,
    pub(crate) participants: Result<Vec<Address>, DecodeError>,
    pub(crate) external: Result<bool, DecodeError>,
    /// The words whose facts come from a look-up: an agent is not told what they are.
    pub(crate) looked_up: u64,
}

impl Told {
    pub(crate) fn of(request: &Request, observed: &Observed, reads: u64) -> Self {
        let mut told = Self {
            reached: Ok(Reached::default()),
            attachments: Ok(0),
            subject: Ok(String::new()),
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
        if reads & (REACHED | ATTACHMENTS | SUBJECT) != 0 {
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
        if reads & SUBJECT != 0 {
            self.subject = decode::common_subject(&messages);
        }
    }

    /// What is not known of the parts that any of these words tell.
    pub(crate) fn unknown(&self, reads: u64) -> Option<&DecodeError> {
        if reads & ALL == 0 {
            return None;
        }
        self.untold(reads).next().map(|(_, error)| error)
    }

    /// The parts that any of these words tell and that are not known: all words of each, and why.
    pub(crate) fn untold(&self, reads: u64) -> impl Iterator<Item = (u64, &DecodeError)> {
        let parts = [
            (REACHED, self.reached.as_ref().err()),
            (ATTACHMENTS, self.attachments.as_ref().err()),
            (SUBJECT, self.subject.as_ref().err()),
            (THREAD, self.participants.as_ref().err()),
            (CONVERSATION, self.external.as_ref().err()),
        ];
        parts
            .into_iter()
            .filter(move |(words, _)| reads & words != 0)
            .filter_map(|(words, error)| Some((words, error?)))
    }

    /// The look-up that would tell more of what these words tell.
    pub(crate) fn missing(&self, reads: u64) -> Option<Finds> {
        [REACHED, ATTACHMENTS, SUBJECT, THREAD, CONVERSATION].into_iter().find_map(|words| {
            match self.unknown(reads & words) {
                Some(DecodeError::Missing(finds)) => Some(*finds),
                _ => None,
            }
        })
    }
}
