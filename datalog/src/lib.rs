//! What a pass is, and the one place that says yes.
//!
//! # Laws
//!
//! 1. **A pass is a Biscuit for one task.** Its first block states facts (an id, the task, accounts, grants, budgets) and
//!    checks (an end, and whatever the minter limited). A root key signs it. Whoever holds the text can use it.
//! 2. **Only the first block grants.** A later block can add checks, budgets and redactions. Anybody who holds the pass
//!    can add one, offline and without a key.
//! 3. **Attenuation only narrows.** A child never allows what its parent denies.
//! 4. **The world is closed.** A request that no grant covers is denied. Once a pass limits the arguments of an
//!    operation, an argument that it does not name is denied.
//! 5. **There are three answers**: allow, ask and deny. Deny wins over ask, and ask wins over allow. An ask becomes an
//!    allow only if people approve this very request, by blocks that their keys sign.
//! 6. **The unknown is denied.** A check that cannot be evaluated, or that reads something nobody could find out, denies
//!    the request.
//! 7. **One request is one operation.** The raw request becomes one operation of the catalog with typed arguments, or it
//!    is refused. The decision and the request that is sent both come from that canonical form.
//! 8. **Permission is a value.** Only [`decide`] makes a [`Permitted`], and it owns the request that it permits. Only
//!    verification makes a [`VerifiedPass`].
//! 9. **Only the verifier states facts about a request.** A pass cannot state the words of the vocabulary.
//! 10. **The crate is pure.** It has no runtime, socket, file, clock, environment or global state. Time is an argument.
//!     It is the only crate that names biscuit-auth, which judges the same way in tests.
//!
//! - Invariant: This crate is built from nothing that waits or stores
//!   (`datalog_is_built_from_nothing_that_waits_or_stores`, `datalog_reads_no_clock_environment_file_or_socket`).
//!
//! # Calls
//!
//! | call | from | to |
//! | --- | --- | --- |
//! | [`MintTerms::parse`], [`MintTerms::mint`] | flags, connections, a root key | a pass |
//! | [`attenuate::attenuate`] | a pass and flags | a narrower pass, and what it loses |
//! | [`PassCache::verify`] | text, root keys, revocations, the time | a [`VerifiedPass`] |
//! | [`Service::classify`](catalog::Service::classify) | a [`RawRequest`] | a [`Request`], or a refusal |
//! | [`lookup::Inquiry`] | a request and a pass | the look-ups that the decision still lacks |
//! | [`decide`] | a pass, a request, a [`Context`], the time | [`Decided`] |
//! | [`response`] | a permitted request's answer | what the agent may see of it |
//! | [`inspect()`], [`says`], [`can`], [`transcript::world`] | a pass or a decision | words, a table, Datalog |
//!
//! # From mint to decision
//!
//! ```
//! use std::sync::Arc;
//!
//! use datalog::attenuate::{AttenuateArgs, attenuate};
//! use datalog::catalog::{Catalog, Service};
//! use datalog::{
//!     Context, Decided, KnownConnection, MintArgs, MintTerms, Narrowing, PassCache, PassId, RawRequest, RootKeyPair,
//!     RootKeys, VerifiedPass, decide, flags,
//! };
//! use time::macros::datetime;
//!
//! let now = datetime!(2026-11-22 09:00 UTC);
//! let gmail: Arc<Service> = Catalog::embedded()?.service(&"gmail".parse()?).expect("it is built in").clone();
//! let connection = KnownConnection {
//!     name: "gmail".parse()?,
//!     account: "me@example.com".parse()?,
//!     service: gmail.clone(),
//! };
//!
//! // A person mints a pass: it reads, asks before it sends, and lists at most ten messages at once.
//! let wanted = MintArgs {
//!     task: "answer today's mail".into(),
//!     allow: vec!["gmail:read".into(), "gmail:write".into()],
//!     ask: vec!["gmail:send".into()],
//!     narrow: Narrowing::default()
//!         .with(&flags::FOR, ["30m"])
//!         .with(&flags::ARG, ["gmail.users.messages.list: maxResults<=10"]),
//!     ..MintArgs::default()
//! };
//! let root = RootKeyPair::from_seed(1, [7; 32]);
//! let pass = MintTerms::parse(&wanted, &[connection.clone()], now)?.mint(&PassId::from_random([9; 16]), &root)?;
//!
//! // Its holder makes a narrower one for a helper, without a key: it only reads.
//! let narrower = AttenuateArgs { only: vec!["gmail:read".into()], ..AttenuateArgs::default() };
//! let child = attenuate(&pass.text, &narrower, &[gmail.clone()], now)?;
//! assert!(child.loses.iter().any(|loss| loss.operation == "gmail.users.messages.send"));
//!
//! // The gateway verifies both.
//! let (cache, roots) = (PassCache::new(16), RootKeys::new([root.public()]));
//! let verify = |text: &str| cache.verify(text, &roots, &|_| false, now);
//! let text = pass.text;
//! let (pass, child) = (verify(&text)?, verify(&child.text)?);
//!
//! // It classifies what an agent sends, and decides.
//! let answer = |pass: &Arc<VerifiedPass>, raw: RawRequest<'_>| {
//!     let request = gmail.classify(&connection.name, &connection.account, &raw).expect("the catalog knows it");
//!     match decide(pass, request, &Context::default(), now) {
//!         Decided::Allow(permitted) => ("allow", permitted.reasons()[0].clone()),
//!         Decided::Ask(refused) => ("ask", refused.reasons()[0].clone()),
//!         Decided::Deny(refused) => ("deny", refused.reasons()[0].clone()),
//!     }
//! };
//! let list = |most| RawRequest { query: Some(most), ..RawRequest::new("GET", "/gmail/v1/users/me/messages") };
//! let send = RawRequest {
//!     content_type: Some("application/json"),
//!     body: br#"{"raw": "VG86IGJAeC55DQoNCmhp"}"#,
//!     ..RawRequest::new("POST", "/gmail/v1/users/me/messages/send")
//! };
//! let delete = RawRequest::new("DELETE", "/gmail/v1/users/me/messages/m1");
//!
//! assert_eq!(answer(&pass, list("maxResults=10")).0, "allow");
//! assert_eq!(answer(&pass, list("maxResults=11")).0, "deny");
//! assert_eq!(answer(&pass, send).0, "ask");
//! assert_eq!(answer(&pass, delete).0, "deny"); // no grant covers it
//! assert_eq!(answer(&child, list("maxResults=10")).0, "allow");
//! assert_eq!(answer(&child, send).0, "deny");
//!
//! // A reason names the rule and what broke it. After the pass ends, it is refused.
//! let (_, reason) = answer(&pass, list("maxResults=11"));
//! assert!(reason.expected.contains("maxResults") && reason.got.contains("11"), "{reason:?}");
//! let later = now + time::Duration::minutes(31);
//! assert!(cache.verify(&text, &roots, &|_| false, later).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod catalog;
mod caveats;
mod classify;
mod decision;
mod engine;
mod mint;
mod pass;
mod record;
mod request;
mod tool;
mod words;

pub use crate::catalog::content_rule::ContentRule;
pub use crate::caveats::term_error::TermError;
pub use crate::classify::misfit::ClassifyError;
pub use crate::classify::misfit::Misfit;
pub use crate::classify::raw::RawRequest;
pub use crate::decision::context::Context;
pub use crate::decision::types::Ground;
pub use crate::decision::types::LiftableBy;
pub use crate::decision::types::Reason;
pub use crate::pass::block::ReadError;
pub use crate::pass::known::Known;
pub use crate::pass::reservation::Counts;
pub use crate::pass::reservation::Measure;
pub use crate::pass::reservation::Reservation;
pub use crate::pass::reservation::Spent;
pub use crate::pass::reservation::Window;
pub use crate::request::approval::Approval;
pub use crate::request::argument::Argument;
pub use crate::request::argument::Location;
pub use crate::request::argument::Scalar;
pub use catalog::places::{Places, places};
pub use catalog::selector::{Selector, Target};
pub use caveats::check::warning::Warning;
pub use caveats::flags;
pub use caveats::narrowing::Narrowing;
pub use caveats::times::duration;
pub use decision::approval::{ApprovalError, Approved, ApproverKeyPair, ApproverKeys, Quorum, Statement};
pub use decision::budget::Claim;
pub use decision::budget::Claims;
pub use decision::decide::Decided;
pub use decision::decide::Permitted;
pub use decision::decide::Refused;
pub use decision::decide::decide;
pub use decision::{approval, lookup, response};
pub use mint::attenuate::{AttenuateArgs, AttenuateError, Attenuated, attenuate};
pub use mint::inspect::{Inspection, inspect};
pub use mint::minting::{KnownConnection, MintArgs, MintTerms, Minted};
pub use mint::{attenuate, can, inspect, says};
pub use pass::carried;
pub use pass::content::Answer;
pub use pass::content::Connected;
pub use pass::content::Content;
pub use pass::content::PREFIX;
pub use pass::keys::RootKeyPair;
pub use pass::limits::Limit;
pub use pass::pass_text::{PassText, Wording};
pub use pass::verify::{PassCache, PassRefusal, RootKeys, VerifiedPass};
pub use record::stored_facts::{Judged, StoredFacts};
pub use record::view::RequestView;
pub use record::{reference, replay, stored_facts, transcript, view};
pub use request::asked::AnswerForm;
pub use request::asked::Asked;
pub use request::canonical::Body;
pub use request::canonical::Request;
pub use request::canonical::RequestDigest;
pub use request::canonical::Resource;
pub use request::canonical::Unnamed;
pub use request::decode;
pub use request::envelope::EnvelopeDigest;
pub use request::question::{LookedUp, QuestionDigest};
pub use request::summary::RequestSummary;
pub use tool::list::{NamedTool, Tool, find as find_tool, tools};
pub use tool::spell::{Spelled, spell};
pub use words::effect::{Effect, Effects};
pub use words::message::{Hinted, Message};
pub use words::names::{
    Account, ApprovalId, ApproverName, ConnectionName, NameError, OperationId, PassId, RevocationId,
    ServiceName,
};
pub use words::{json, value, visible, vocabulary};
