//! A person's approval as a Biscuit third-party block, signed by the approver's key for one pass and one request.
//!
//! The block is bound to the last signature of the pass, so it approves nothing for another pass. A stock Biscuit tool
//! that gets the pass, the block and the public key finds the same facts. The pass's first block says who may approve
//! and how many must. Whether an approval was used is not known here.

use std::collections::{BTreeMap, BTreeSet};

use biscuit_auth::builder::{self, Algorithm, BlockBuilder, Convert, Fact};
use biscuit_auth::datalog::SymbolTable;
use biscuit_auth::format::convert::proto_block_to_token_block;
use biscuit_auth::format::schema;
use biscuit_auth::macros::fact;
use biscuit_auth::{PrivateKey, PublicKey, ThirdPartyRequest, UnverifiedBiscuit};
use ed25519_dalek::SigningKey;
use prost::Message;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::caveats::grants::date;
use crate::pass::content::{self, Content};
use crate::pass::verify::VerifiedPass;
use crate::request::canonical::RequestDigest;
use crate::request::envelope::EnvelopeDigest;
use crate::request::question::{LookedUp, QuestionDigest};
use crate::words::message::Hinted;
use crate::words::names::{ApprovalId, ApproverName};
use crate::words::value::Value;

/// An approver's key pair.
pub struct ApproverKeyPair {
    name: ApproverName,
    seed: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl ApproverKeyPair {
    /// The pair made from a 32-byte seed (RFC 8032, section 5.1.5).
    pub fn from_seed(name: ApproverName, seed: [u8; 32]) -> Self {
        let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        Self { name, seed: Zeroizing::new(seed), public }
    }

    pub fn name(&self) -> &ApproverName {
        &self.name
    }

    pub fn public(&self) -> [u8; 32] {
        self.public
    }

    /// The secret half, to be sealed.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }
}

/// The trusted approvers, by public key. Ed25519 only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApproverKeys(BTreeMap<[u8; 32], ApproverName>);

impl ApproverKeys {
    pub fn new(keys: impl IntoIterator<Item = (ApproverName, [u8; 32])>) -> Self {
        Self(keys.into_iter().map(|(name, key)| (key, name)).collect())
    }
}

/// How many distinct approvers a pass needs, and which; anybody, if it names none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quorum {
    pub count: u32,
    pub of: Vec<ApproverName>,
}

impl Quorum {
    pub(crate) fn of(content: &Content) -> Self {
        let authority = content.blocks.first().map_or(&[][..], |block| &block.facts);
        let facts = |name: &'static str| authority.iter().filter(move |fact| &*fact.name == name);
        let counts = facts("approvers_needed").filter_map(|fact| fact.terms.first().and_then(Value::as_int));
        Self {
            // Of several numbers the largest counts. Without a number, one approver is enough.
            count: counts.max().and_then(|count| u32::try_from(count).ok()).unwrap_or(1).max(1),
            of: facts("approver_named").filter_map(|fact| fact.str(0)?.parse().ok()).collect(),
        }
    }

    /// The facts of the authority block that state the quorum.
    pub(crate) fn facts(&self) -> Vec<Fact> {
        let needed =
            (self.count > 1).then(|| fact!(r#"approvers_needed({count})"#, count = i64::from(self.count)));
        let named = self.of.iter().map(|name| fact!(r#"approver_named({name})"#, name = name.as_str()));
        needed.into_iter().chain(named).collect()
    }

    /// The quorum in words; none if any one approver is enough.
    pub(crate) fn words(&self) -> Option<String> {
        let names: Vec<String> = self.of.iter().map(|name| format!("`{name}`")).collect();
        match (self.count, names.as_slice()) {
            (1, []) => None,
            (1, names) => Some(format!("only {} may approve", names.join(" or "))),
            (count, []) => Some(format!("{count} different people have to approve")),
            (count, names) => Some(format!("{count} of {} have to approve", names.join(", "))),
        }
    }

    /// Whether this approver counts.
    pub fn takes(&self, name: &ApproverName) -> bool {
        self.of.is_empty() || self.of.contains(name)
    }
}

/// One approver's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub approval: ApprovalId,
    pub digest: QuestionDigest,
    /// The statement approves every request like this one, too.
    pub alike: Option<EnvelopeDigest>,
    pub at: OffsetDateTime,
    pub until: OffsetDateTime,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    #[error("the pass is sealed: no approval can be added to it")]
    Sealed,
    #[error("the block is not an approval: {0}")]
    Block(&'static str),
    #[error("the block is not signed by an approver who is trusted here, or not for this pass")]
    Untrusted,
    #[error("the block approves another request")]
    Other,
    #[error("the approval ended")]
    Ended,
    #[error("{got} of {needed} approvers have approved")]
    TooFew { got: usize, needed: u32 },
    #[error("internal error: {0}")]
    Internal(String),
}

impl Hinted for ApprovalError {}

impl VerifiedPass {
    /// What an approver signs in addition to the request: the third-party request of the pass.
    pub fn approval_request(&self) -> Result<Vec<u8>, ApprovalError> {
        let request = self.biscuit().third_party_request().map_err(|_| ApprovalError::Sealed)?;
        request.serialize().map_err(|error| ApprovalError::Internal(error.to_string()))
    }

    /// Who must approve the pass's asks.
    pub fn quorum(&self) -> Quorum {
        Quorum::of(self.content())
    }
}

/// Signs a statement for the pass that `request` belongs to.
pub fn sign(request: &[u8], key: &ApproverKeyPair, statement: &Statement) -> Result<Vec<u8>, ApprovalError> {
    let internal = |error: biscuit_auth::error::Token| ApprovalError::Internal(error.to_string());
    let mut block = BlockBuilder::new();
    for fact in facts(&key.name, statement) {
        block = block.fact(fact).map_err(internal)?;
    }
    let private = PrivateKey::from_bytes(&*key.seed, Algorithm::Ed25519)
        .map_err(|error| ApprovalError::Internal(error.to_string()))?;
    let request = ThirdPartyRequest::deserialize(request).map_err(internal)?;
    request.create_block(&private, block).and_then(|block| block.serialize()).map_err(internal)
}

fn facts(approver: &ApproverName, statement: &Statement) -> Vec<Fact> {
    let mut facts = vec![
        fact!(r#"approval({id})"#, id = statement.approval.as_str()),
        fact!(r#"approved({digest})"#, digest = statement.digest.hex()),
        fact!(r#"approver({name})"#, name = approver.as_str()),
        fact!(r#"approved_at({at})"#, at = date(statement.at)),
        fact!(r#"approved_until({until})"#, until = date(statement.until)),
    ];
    facts.extend(statement.alike.map(|alike| fact!(r#"approved_alike({alike})"#, alike = alike.hex())));
    facts
}

/// The pass with an approver's block in it, for any Biscuit tool to verify. No gateway accepts it as a pass.
pub fn join(pass: &str, block: &[u8]) -> Result<String, ApprovalError> {
    read(block)?;
    let bytes = content::decode(pass).map_err(|_| ApprovalError::Block("its pass cannot be read"))?;
    let token =
        UnverifiedBiscuit::from(&bytes).map_err(|_| ApprovalError::Block("its pass cannot be read"))?;
    let whole = token.append_third_party(block).map_err(|_| ApprovalError::Sealed)?;
    let bytes = whole.to_vec().map_err(|error| ApprovalError::Internal(error.to_string()))?;
    Ok(content::encode(&bytes))
}

/// A request that enough approvers approved. Only signed blocks make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    approval: ApprovalId,
    /// The digest of the checked request.
    digest: RequestDigest,
    question: QuestionDigest,
    alike: Option<EnvelopeDigest>,
    by: BTreeSet<ApproverName>,
}

/// What an approval must cover: this question, or a question like it.
#[derive(Clone, Copy)]
struct ApprovalSubject {
    question: QuestionDigest,
    alike: Option<EnvelopeDigest>,
}

impl ApprovalSubject {
    fn is_covered_by(self, said: &Said) -> bool {
        let is_alike = said.alike.is_some() && said.alike == self.alike.map(|one| one.hex());
        said.digest == self.question.hex() || is_alike
    }
}

impl Approved {
    /// Checks every block against the pass, the keys and the request. It succeeds with enough distinct approvers.
    pub fn verify(
        pass: &VerifiedPass,
        about: LookedUp<'_>,
        blocks: &[Vec<u8>],
        keys: &ApproverKeys,
        now: OffsetDateTime,
    ) -> Result<Self, ApprovalError> {
        let LookedUp { request, observed } = about;
        let (digest, quorum) = (request.digest(), pass.quorum());
        let subject =
            ApprovalSubject { question: request.question(observed, now), alike: request.envelope(observed) };
        let mut by = BTreeSet::new();
        let mut approval = None;
        let mut refused = None;
        for block in blocks {
            match approver(pass, block, keys, subject, now) {
                Ok((name, id)) if quorum.takes(&name) => {
                    if approval.get_or_insert_with(|| id.clone()) != &id {
                        return Err(ApprovalError::Other);
                    }
                    by.insert(name);
                }
                Ok(_) => {}
                Err(error) => refused = Some(error),
            }
        }
        let enough = usize::try_from(quorum.count).is_ok_and(|needed| by.len() >= needed);
        match (approval, refused) {
            (Some(approval), _) if enough => {
                let ApprovalSubject { question, alike } = subject;
                Ok(Self { approval, digest, question, alike, by })
            }
            (_, Some(error)) => Err(error),
            (_, None) => Err(ApprovalError::TooFew { got: by.len(), needed: quorum.count }),
        }
    }

    pub fn approval(&self) -> &ApprovalId {
        &self.approval
    }

    pub fn digest(&self) -> RequestDigest {
        self.digest
    }

    /// The question that the approvers' blocks were checked against.
    pub fn question(&self) -> QuestionDigest {
        self.question
    }

    pub fn envelope(&self) -> Option<EnvelopeDigest> {
        self.alike
    }

    pub fn by(&self) -> &BTreeSet<ApproverName> {
        &self.by
    }
}

/// The signer of the block, if it approves this request now.
fn approver(
    pass: &VerifiedPass,
    block: &[u8],
    keys: &ApproverKeys,
    subject: ApprovalSubject,
    now: OffsetDateTime,
) -> Result<(ApproverName, ApprovalId), ApprovalError> {
    // This is read first, because biscuit-auth panics when an unreadable block is added to a token.
    let said = read(block)?;
    let name = signer(pass, block, keys)?;
    if said.approver != name {
        return Err(ApprovalError::Untrusted);
    }
    if !subject.is_covered_by(&said) {
        return Err(ApprovalError::Other);
    }
    if u64::try_from(now.unix_timestamp()).map_or(true, |now| now > said.until) {
        return Err(ApprovalError::Ended);
    }
    Ok((name, said.approval))
}

/// The trusted approver who signed this, for this very pass.
fn signer(pass: &VerifiedPass, block: &[u8], keys: &ApproverKeys) -> Result<ApproverName, ApprovalError> {
    let contents = schema::ThirdPartyBlockContents::decode(block)
        .map_err(|_| ApprovalError::Block("it is not a third-party block"))?;
    let key = &contents.external_signature.public_key;
    if key.algorithm != schema::public_key::Algorithm::Ed25519 as i32 {
        return Err(ApprovalError::Untrusted);
    }
    let public = <[u8; 32]>::try_from(key.key.as_slice()).map_err(|_| ApprovalError::Untrusted)?;
    let name = keys.0.get(&public).ok_or(ApprovalError::Untrusted)?;
    let trusted =
        PublicKey::from_bytes(&pass.root().1, Algorithm::Ed25519).map_err(|_| ApprovalError::Untrusted)?;
    // biscuit-auth checks the signature when the whole token is verified, not when the block is added.
    let bytes = pass.biscuit().to_vec().map_err(|error| ApprovalError::Internal(error.to_string()))?;
    UnverifiedBiscuit::from(&bytes)
        .and_then(|token| token.append_third_party(block))
        .map_err(|_| ApprovalError::Untrusted)?
        .verify(trusted)
        .map_err(|_| ApprovalError::Untrusted)?;
    Ok(name.clone())
}

/// The content of a block: exactly these facts, each once.
struct Said {
    approval: ApprovalId,
    approver: ApproverName,
    digest: String,
    alike: Option<String>,
    until: u64,
}

fn read(block: &[u8]) -> Result<Said, ApprovalError> {
    let refused = ApprovalError::Block;
    let contents = schema::ThirdPartyBlockContents::decode(block).map_err(|_| refused("its shape"))?;
    let proto = schema::Block::decode(&*contents.payload).map_err(|_| refused("its content"))?;
    if !(proto.rules.is_empty()
        && proto.checks.is_empty()
        && proto.scope.is_empty()
        && proto.public_keys.is_empty())
    {
        return Err(refused("it holds more than facts"));
    }
    let external = &contents.external_signature.public_key;
    let key = PublicKey::from_bytes(&external.key, Algorithm::Ed25519).map_err(|_| refused("its key"))?;
    // Read with the key, as biscuit-auth reads it when it adds the block. An unreadable block makes biscuit-auth panic.
    let block = proto_block_to_token_block(&proto, Some(key)).map_err(|_| refused("its content"))?;
    let mut symbols = SymbolTable::new();
    symbols.extend(&block.symbols).map_err(|_| refused("its symbols"))?;
    let mut known: BTreeMap<String, builder::Term> = BTreeMap::new();
    for fact in &block.facts {
        let fact = Fact::convert_from(fact, &symbols).map_err(|_| refused("a fact"))?;
        let builder::Predicate { name, terms } = fact.predicate;
        let [term] = terms.as_slice() else { return Err(refused("a fact does not have exactly one term")) };
        if known.insert(name, term.clone()).is_some() {
            return Err(refused("a fact appears twice"));
        }
    }
    let text = |term: Option<builder::Term>| match term {
        Some(builder::Term::Str(text)) => Some(text),
        _ => None,
    };
    let date = |term: Option<builder::Term>| match term {
        Some(builder::Term::Date(date)) => Some(date),
        _ => None,
    };
    let said = Said {
        approval: text(known.remove("approval"))
            .and_then(|id| id.parse().ok())
            .ok_or(refused("no `approval`"))?,
        approver: text(known.remove("approver"))
            .and_then(|id| id.parse().ok())
            .ok_or(refused("no `approver`"))?,
        digest: text(known.remove("approved")).ok_or(refused("no `approved`"))?,
        until: date(known.remove("approved_until")).ok_or(refused("no `approved_until`"))?,
        alike: match known.remove("approved_alike") {
            None => None,
            term => Some(text(term).ok_or(refused("`approved_alike` is not text"))?),
        },
    };
    date(known.remove("approved_at")).ok_or(refused("no `approved_at`"))?;
    if known.is_empty() { Ok(said) } else { Err(refused("it states more than an approval")) }
}
