//! The reviewed overlay of a service: what its description cannot say.
//!
//! Hand-written TOML beside the facts: effects, resources, OAuth endpoints, what may be sent beyond the
//! facts. Every pattern must match something, so that a new revision cannot silently leave a rule behind.
//! A service without an overlay is taken at its worst (`Overlay::unreviewed`).

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use crate::effect::{Effect, Effects};
use crate::lookup::Finds;

use super::facts::{FactsError, OperationLine};
use super::operation::Format;

/// How a service's own SDKs show an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    Google,
    GitHub,
    Slack,
    /// RFC 9457 and no more.
    #[default]
    Problem,
}

/// Where the arguments of a service's operations may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carriers {
    /// Each where the description says.
    #[default]
    Described,
    /// In the query, a form or a JSON body, of GET or POST: they are sent as the form of a POST.
    Any,
}

/// What becomes of a refresh token when it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refreshing {
    /// It stays.
    Keeps,
    /// A new one comes with each use, and the old one dies: the careful assumption.
    #[default]
    Rotates,
    /// There is none: the access token lasts until it is revoked.
    None,
}

/// The OAuth endpoints of a service, where they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth {
    pub authorize_url: String,
    pub token_url: String,
    #[serde(default)]
    pub device_url: Option<String>,
    #[serde(default)]
    pub revoke_url: Option<String>,
    /// Asked once after connecting, for the account's name.
    #[serde(default)]
    pub userinfo_url: Option<String>,
    /// The field of its answer that names the account.
    #[serde(default)]
    pub account_field: Option<String>,
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Sent with the authorization request, beside what RFC 6749 and RFC 7636 name.
    #[serde(default)]
    pub authorize_parameters: BTreeMap<String, String>,
    #[serde(default)]
    pub refreshing: Refreshing,
    #[serde(default)]
    pub tokens: TokenShape,
}

/// Where a token endpoint's answer has the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenShape {
    /// RFC 6749, section 5.1.
    #[default]
    Standard,
    /// Slack's: the person's under `authed_user`, asked for as `user_scope`, beside a bot's.
    AuthedUser,
}

/// What an operation that no rule names gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Unlisted {
    /// The service does not load: every operation is listed.
    #[default]
    Refused,
    /// GET reads, DELETE deletes, the others write.
    ByMethod,
    /// The same, and POST may reach other people, and what answers like a credential is one.
    AtWorst,
}

/// An overlay file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Overlay {
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) hosts: Vec<String>,
    #[serde(default)]
    pub(super) dialect: Dialect,
    /// POST with `X-HTTP-Method-Override: GET` and a form body is the GET that it stands for.
    #[serde(default)]
    pub(super) get_over_post: bool,
    #[serde(default)]
    pub(super) carriers: Carriers,
    /// Argument to the letters that an id there begins with: nothing but such an id is taken, so that a thing has
    /// one name.
    #[serde(default)]
    pub(super) ids: BTreeMap<String, String>,
    /// What reaches people reaches some that the request does not name by address.
    #[serde(default)]
    pub(super) addressed: bool,
    /// Paths under which several requests travel in one.
    #[serde(default)]
    pub(super) batch_paths: Vec<String>,
    /// Request headers that may be sent beside the common ones, lower case.
    #[serde(default)]
    pub(super) request_headers: Vec<String>,
    /// Response headers that may be passed on beside the common ones, lower case; a `*` may end one.
    #[serde(default)]
    pub(super) response_headers: Vec<String>,
    /// Fields of answers, anywhere in them, that hold a credential beside what was asked for.
    #[serde(default)]
    pub(super) masked: Vec<String>,
    pub(super) oauth: Option<OAuth>,
    /// Parameters that say whose data it is: only this word, or, in the path, the connection's own account.
    #[serde(default)]
    pub(super) pinned: BTreeMap<String, String>,
    #[serde(default)]
    unlisted: Unlisted,
    /// Operation id to its effects, all of them.
    #[serde(default)]
    effects: BTreeMap<String, Vec<Effect>>,
    /// Adds effects to what the method gives.
    #[serde(default, rename = "effect")]
    added: Vec<EffectRule>,
    /// Takes effects away again where the request does not have what brings them about.
    #[serde(default, rename = "only_when")]
    pub(super) conditions: Vec<ConditionLine>,
    #[serde(default, rename = "resource")]
    pub(super) resources: Vec<ResourceLine>,
    #[serde(default, rename = "decode")]
    pub(super) decodes: Vec<DecodeLine>,
    #[serde(default, rename = "look")]
    pub(super) looks: Vec<LookLine>,
    #[serde(default, rename = "slash")]
    pub(super) slashes: Vec<SlashLine>,
    /// Path parameter to the operations whose body renames it.
    #[serde(default)]
    pub(super) renames: BTreeMap<String, Vec<String>>,
    /// Operations whose last path parameter may be missing.
    #[serde(default)]
    pub(super) shorter: Which,
    /// Operation id to another type that its JSON body may have.
    #[serde(default)]
    pub(super) bodies: BTreeMap<String, String>,
    /// Operation id to the media types that its body may have.
    #[serde(default)]
    pub(super) media: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EffectRule {
    effects: Vec<Effect>,
    #[serde(flatten)]
    which: Which,
}

/// Which operations a rule is for: any that one of the patterns matches.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Which {
    /// Operation ids; `*` stands for anything.
    #[serde(default)]
    operations: Vec<String>,
    /// `METHOD /path`; WRITE stands for every method but GET, ANY for all, `*` for anything.
    #[serde(default)]
    at: Vec<String>,
    /// Operation ids that it is not for after all.
    #[serde(default)]
    except: Vec<String>,
    #[serde(skip)]
    chosen: HashSet<String>,
}

/// Effects that count only when an argument is there, or has one of some values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionLine {
    pub(super) effects: Vec<Effect>,
    /// The name of an argument, or of several that are alternatives.
    pub(super) argument: Names,
    /// Values, as text. Without any of the four: that the argument, or anything below it, is there.
    #[serde(default)]
    pub(super) any_of: Vec<String>,
    #[serde(default)]
    pub(super) starts_with: Vec<String>,
    #[serde(default)]
    pub(super) ends_with: Vec<String>,
    #[serde(default)]
    pub(super) none_of: Vec<String>,
    #[serde(flatten)]
    pub(super) which: Which,
}

/// One name or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Names {
    One(String),
    Several(Vec<String>),
}

impl Names {
    pub(super) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// How to name a thing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceLine {
    pub(super) kind: String,
    /// `{owner}/{repo}`: every operation that has these arguments, of those that `which` names, if any.
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) which: Which,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecodeLine {
    pub(super) format: Format,
    #[serde(default)]
    pub(super) fields: Vec<String>,
    #[serde(default)]
    pub(super) media: bool,
    #[serde(default)]
    pub(super) required: bool,
    /// Argument to the values with which the fields say everything.
    #[serde(default)]
    pub(super) only: BTreeMap<String, Vec<String>>,
    /// Arguments with which they do not.
    #[serde(default)]
    pub(super) without: Vec<String>,
    #[serde(flatten)]
    pub(super) which: Which,
}

/// What operations refer to by an id, and how it is fetched.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LookLine {
    pub(super) finds: Finds,
    /// Path and query: `/threads/{threadId}?format=metadata`. Arguments, or fields of the body, in braces.
    pub(super) get: String,
    #[serde(flatten)]
    pub(super) which: Which,
}

/// Path parameters that may hold an escaped slash.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SlashLine {
    pub(super) parameter: String,
    #[serde(flatten)]
    pub(super) which: Which,
}

impl Overlay {
    pub(super) fn parse(text: &str) -> Result<Self, FactsError> {
        toml::from_str(text).map_err(|error| FactsError::new(format!("the overlay: {error}")))
    }

    /// For a service that nobody reviewed.
    pub(super) fn unreviewed() -> Self {
        Self { unlisted: Unlisted::AtWorst, ..Self::default() }
    }

    /// The effects of one operation: as listed, else by method together with every rule that names it.
    pub(super) fn effects_of(&self, line: &OperationLine) -> Result<Effects, FactsError> {
        if let Some(listed) = self.effects.get(&line.op) {
            return Ok(listed.iter().copied().collect());
        }
        let rules = self.added.iter().filter(|rule| rule.which.names(&line.op));
        let added = rules.flat_map(|rule| rule.effects.iter().copied()).collect();
        Ok(self.by_method(line)?.union(added))
    }

    fn by_method(&self, line: &OperationLine) -> Result<Effects, FactsError> {
        let method = line.at.split(' ').next().unwrap_or_default();
        let effects = Effects::NONE;
        let basic = match method {
            "GET" => effects.with(Effect::Read),
            "DELETE" => effects.with(Effect::Delete),
            _ => effects.with(Effect::Write),
        };
        match self.unlisted {
            Unlisted::Refused => {
                Err(FactsError::new(format!("the overlay lists no effects for `{}`", line.op)))
            }
            Unlisted::ByMethod => Ok(basic),
            Unlisted::AtWorst => {
                let basic = if method == "POST" { basic.with(Effect::Send) } else { basic };
                Ok(if line.answers.is_empty() { basic } else { basic.with(Effect::Secret) })
            }
        }
    }

    /// Finds the operations that every rule names, once. A rule that names none is a mistake, or left over from
    /// an earlier revision.
    pub(super) fn settle(&mut self, operations: &[OperationLine]) -> Result<(), FactsError> {
        let index = Index::new(operations);
        let dead = |rule: &str| FactsError::new(format!("the overlay's `{rule}` names no operation"));
        let ids = self
            .effects
            .keys()
            .chain(self.media.keys())
            .chain(self.bodies.keys())
            .chain(self.renames.values().flatten());
        for id in ids {
            if index.by_id(id).next().is_none() {
                return Err(dead(id));
            }
        }
        let all = (self.added.iter_mut().map(|rule| &mut rule.which))
            .chain(self.resources.iter_mut().map(|line| &mut line.which))
            .chain(self.conditions.iter_mut().map(|line| &mut line.which))
            .chain(self.decodes.iter_mut().map(|line| &mut line.which))
            .chain(self.looks.iter_mut().map(|line| &mut line.which))
            .chain(self.slashes.iter_mut().map(|line| &mut line.which))
            .chain([&mut self.shorter]);
        for which in all {
            which.settle(&index).map_err(|pattern| dead(&pattern))?;
        }
        // A rule that only names operations whose effects are listed says nothing either.
        let says = |rule: &&EffectRule| rule.which.chosen.iter().any(|op| !self.effects.contains_key(op));
        match self.added.iter().find(|rule| !says(rule)) {
            Some(rule) => Err(dead(&rule.which.operations.join(", "))),
            None => Ok(()),
        }
    }
}

impl Which {
    /// Whether the rule is for this operation; known once the overlay has settled.
    pub(super) fn names(&self, op: &str) -> bool {
        self.chosen.contains(op)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.operations.is_empty() && self.at.is_empty()
    }

    /// Chooses, or gives the pattern that matches nothing.
    fn settle(&mut self, index: &Index<'_>) -> Result<(), String> {
        let mut chosen = HashSet::new();
        for pattern in &self.operations {
            let mut any = false;
            chosen.extend(index.by_id(pattern).inspect(|_| any = true).map(str::to_owned));
            if !any {
                return Err(pattern.clone());
            }
        }
        for pattern in &self.at {
            let mut any = false;
            chosen.extend(index.by_address(pattern).inspect(|_| any = true).map(str::to_owned));
            if !any {
                return Err(pattern.clone());
            }
        }
        for pattern in &self.except {
            let before = chosen.len();
            chosen.retain(|op| !glob(pattern, op));
            if chosen.len() == before {
                return Err(pattern.clone());
            }
        }
        self.chosen = chosen;
        Ok(())
    }
}

/// The operations in order, so that a pattern is only held against those that start as it does.
struct Index<'a> {
    ids: Vec<&'a str>,
    /// Path, method and id.
    addresses: Vec<(String, &'a str, &'a str)>,
}

impl<'a> Index<'a> {
    fn new(operations: &'a [OperationLine]) -> Self {
        let mut ids: Vec<&str> = operations.iter().map(|line| line.op.as_str()).collect();
        ids.sort_unstable();
        let split = |line: &'a OperationLine| {
            let (method, path) = line.at.split_once(' ').unwrap_or_default();
            (untyped(path), method, line.op.as_str())
        };
        let mut addresses: Vec<(String, &str, &str)> = operations.iter().map(split).collect();
        addresses.sort_unstable();
        Self { ids, addresses }
    }

    fn by_id(&self, pattern: &str) -> impl Iterator<Item = &'a str> {
        let start = pattern.split('*').next().unwrap_or_default();
        let from = self.ids.partition_point(|id| *id < start);
        let near = self.ids.iter().skip(from).take_while(move |id| id.starts_with(start));
        near.filter(move |id| glob(pattern, id)).copied()
    }

    fn by_address(&self, pattern: &str) -> impl Iterator<Item = &'a str> {
        let (verb, path) = pattern.split_once(' ').unwrap_or(("", pattern));
        let start = path.split('*').next().unwrap_or_default();
        let from = self.addresses.partition_point(|(known, _, _)| known.as_str() < start);
        let near = self.addresses.iter().skip(from).take_while(move |(known, _, _)| known.starts_with(start));
        near.filter(move |(known, method, _)| is_verb(verb, method) && glob(path, known))
            .map(|(_, _, op)| *op)
    }
}

fn is_verb(pattern: &str, method: &str) -> bool {
    match pattern {
        "ANY" => true,
        "WRITE" => method != "GET",
        verb => verb == method,
    }
}

/// `/a/{b:int}/{c+}` as `/a/{b}/{c}`.
fn untyped(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut skipping = false;
    for c in path.chars() {
        match c {
            '{' | '}' => skipping = false,
            ':' | '+' if text.rfind('{') > text.rfind('}') => skipping = true,
            _ => {}
        }
        if !skipping {
            text.push(c);
        }
    }
    text
}

/// Whether `text` is `pattern`, in which every `*` stands for anything.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match text.split_once(piece) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    text.len() >= last.len() && text.ends_with(last)
}
