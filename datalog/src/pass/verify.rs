//! Turns the text of a pass into a `VerifiedPass`, which has no other constructor.
//!
//! The shape and signatures of each text are checked once and remembered, within a limit. The root key, the time and
//! the revocations are checked on every call. Nothing here looks at a request.
//!
//! - Invariant: A remembered pass is checked again for its root key, its time and its revocations
//!   (`revocation_and_root_keys_are_checked_when_a_pass_is_remembered`).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use biscuit_auth::builder::Algorithm;
use biscuit_auth::{Biscuit, PublicKey};
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::catalog::selector::Selector;
use crate::pass::block::ReadError;
use crate::pass::content::{self, Answer, Connected, Content};
use crate::pass::limits::Limit;
use crate::pass::pass_text::{PassText, Wording};
use crate::pass::policy::Policy;
use crate::request::canonical::Request;
use crate::words::names::{ConnectionName, PassId, RevocationId};
use crate::words::value::date_text;

/// The trusted root public keys, by id. Ed25519 only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RootKeys {
    keys: BTreeMap<u32, [u8; 32]>,
}

impl RootKeys {
    pub fn new(keys: impl IntoIterator<Item = (u32, [u8; 32])>) -> Self {
        Self { keys: keys.into_iter().collect() }
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, [u8; 32])> {
        self.keys.iter().map(|(id, key)| (*id, *key))
    }

    fn find(&self, id: u32) -> Option<[u8; 32]> {
        self.keys.get(&id).copied()
    }
}

/// Why a pass was refused before any of its caveats was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PassRefusal {
    #[error("the pass is not valid: {0}")]
    Invalid(#[from] ReadError),
    #[error("the pass is not signed by a root key that is trusted here")]
    Untrusted,
    #[error("the pass ended at {}", iso(.0))]
    Expired(OffsetDateTime),
    #[error("the pass is not valid before {}", iso(.0))]
    NotYet(OffsetDateTime),
    #[error("the pass was revoked ({0})")]
    Revoked(RevocationId),
}

/// A pass whose signatures, shape, time and revocations were checked.
pub struct VerifiedPass {
    content: Content,
    root: (u32, [u8; 32]),
    lineage: Vec<RevocationId>,
    policy: Arc<Policy>,
    biscuit: Biscuit,
    wording: OnceLock<Arc<PassText>>,
}

/// The id alone: a Biscuit's own `Debug` prints the proof, and anybody could use the pass with that.
impl fmt::Debug for VerifiedPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedPass").field("id", &self.content.id).finish_non_exhaustive()
    }
}

impl VerifiedPass {
    pub fn id(&self) -> &PassId {
        &self.content.id
    }

    /// The purpose written in the pass.
    pub fn task(&self) -> &str {
        &self.content.task
    }

    /// The ids that revoke it: the authority block first, its own last block at the end.
    pub fn lineage(&self) -> &[RevocationId] {
        &self.lineage
    }

    /// The earliest end that any block sets.
    pub fn expires(&self) -> OffsetDateTime {
        moment(self.content.expires)
    }

    /// When the authority block ends, and everything attenuated from it.
    pub fn lineage_ends(&self) -> OffsetDateTime {
        moment(content::authority_end(&self.content).unwrap_or(self.content.expires))
    }

    /// Whether it reads where the things of a request come from.
    pub fn asks_provenance(&self) -> bool {
        self.content.asks_provenance
    }

    /// The connections that it was minted for.
    pub fn connections(&self) -> &[Connected] {
        &self.content.connections
    }

    /// What its authority block allows, asks about and denies.
    pub fn grants(&self) -> &[(Answer, ConnectionName, Selector)] {
        &self.content.grants
    }

    pub fn limits(&self) -> &[Limit] {
        &self.content.limits
    }

    /// The budgets that this request takes from.
    pub fn limits_for(&self, request: &Request) -> Vec<&Limit> {
        self.content.limits.iter().filter(|limit| limit.target.means(request)).collect()
    }

    /// The blocks as they were read.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Its wording, worked out once.
    pub fn wording(&self) -> &Arc<PassText> {
        self.wording.get_or_init(|| Arc::new(Wording::of(&self.content).worded()))
    }

    pub(crate) fn root(&self) -> (u32, [u8; 32]) {
        self.root
    }

    pub(crate) fn biscuit(&self) -> &Biscuit {
        &self.biscuit
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn asks(&self) -> bool {
        self.content.asks()
    }

    fn read(text: &str, roots: &RootKeys, policy: Arc<Policy>) -> Result<Self, PassRefusal> {
        let bytes = content::decode(text)?;
        let content = Content::read(&bytes)?;
        let id = content.root_key_id.unwrap_or(0);
        let key = roots.find(id).ok_or(PassRefusal::Untrusted)?;
        let public = PublicKey::from_bytes(&key, Algorithm::Ed25519).map_err(|_| PassRefusal::Untrusted)?;
        let biscuit = Biscuit::from(&bytes, public).map_err(|_| PassRefusal::Untrusted)?;
        let lineage = content.blocks.iter().map(|block| block.revocation.clone()).collect();
        Ok(Self { root: (id, key), lineage, policy, biscuit, content, wording: OnceLock::new() })
    }

    /// What may change while a pass is remembered.
    fn stands(
        &self,
        roots: &RootKeys,
        revoked: &dyn Fn(&RevocationId) -> bool,
        now: OffsetDateTime,
    ) -> Result<(), PassRefusal> {
        if roots.find(self.root.0) != Some(self.root.1) {
            return Err(PassRefusal::Untrusted);
        }
        if let Some(id) = self.lineage.iter().find(|id| revoked(id)) {
            return Err(PassRefusal::Revoked(id.clone()));
        }
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
        if seconds > self.content.expires {
            return Err(PassRefusal::Expired(moment(self.content.expires)));
        }
        if seconds < self.content.not_before {
            return Err(PassRefusal::NotYet(moment(self.content.not_before)));
        }
        Ok(())
    }
}

fn iso(time: &OffsetDateTime) -> String {
    date_text(u64::try_from(time.unix_timestamp()).unwrap_or(0))
}

/// A date of a pass; a date beyond the calendar becomes its last one.
pub(crate) fn moment(seconds: u64) -> OffsetDateTime {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .unwrap_or(time::macros::datetime!(9999-12-31 23:59:59 UTC))
}

/// Verified passes by the digest of their text, bounded.
#[derive(Debug)]
pub struct PassCache {
    passes: Cache<[u8; 32], Arc<VerifiedPass>>,
    policy: Arc<Policy>,
}

impl PassCache {
    pub fn new(capacity: usize) -> Self {
        // The policy is a constant, and a test compiles it; without rules it would deny everything.
        let policy = Arc::new(Policy::compile().unwrap_or_default());
        Self { passes: Cache::new(capacity), policy }
    }

    /// Verifies `text` (with or without the `hallpass_` prefix), or finds that it was verified before.
    pub fn verify(
        &self,
        text: &str,
        roots: &RootKeys,
        revoked: &dyn Fn(&RevocationId) -> bool,
        now: OffsetDateTime,
    ) -> Result<Arc<VerifiedPass>, PassRefusal> {
        // Before hashing, because anybody can send a text of any length.
        content::check_length(text)?;
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        if let Some(pass) = self.passes.get(&digest) {
            pass.stands(roots, revoked, now)?;
            return Ok(pass);
        }
        let pass = Arc::new(VerifiedPass::read(text, roots, self.policy.clone())?);
        pass.stands(roots, revoked, now)?;
        self.passes.insert(digest, pass.clone());
        Ok(pass)
    }
}
