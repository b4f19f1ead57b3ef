//! Builds a `Service` from facts and an overlay: parses types, puts templates into the tree, applies rules.
//!
//! A rule for nothing, an operation without effects or an unknown type stops the loading. None of this work is repeated
//! for a request.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use crate::catalog::answer::{AnswerRule, ShownPart, path};
use crate::catalog::answers::{Answers, ContentLine, Described, NestedLine};
use crate::catalog::builder::{Builder, boxed, id_parts};
use crate::catalog::content_rule::ContentRule;
use crate::catalog::description::{Facts, FactsError, OperationLine};
use crate::catalog::matcher::{End, Form, Matcher};
use crate::catalog::method::Method;
use crate::catalog::operation::{BodyFacts, Condition, Decode, IdPart, Look, Operation, QueryParameter};
use crate::catalog::overlay::rules::Readers;
use crate::catalog::overlay::{Carriers, Overlay};
use crate::catalog::service::Service;
use crate::catalog::template::{Span, Template};
use crate::catalog::things;
use crate::catalog::types::{self, Named, Type, Types};
use crate::words::names::OperationId;

impl Builder {
    /// `answers`: the types of the service's answers, where its description has them.
    pub(crate) fn new(facts: Facts, mut overlay: Overlay, answers: &'static str) -> Result<Self, FactsError> {
        let described = answers;
        overlay.settle(&facts.operations)?;
        let (types, index) = Types::read(&facts.types)?;
        let resources = overlay.resources.iter().map(|line| things::rule(&overlay, line)).collect();
        let known = || overlay.resources.iter().map(|line| line.kind.as_str());
        let kinds = known().collect();
        if let Some(unknown) = overlay.kinds_named().find(|kind| known().all(|known| known != *kind)) {
            return Err(FactsError::new(format!("nothing names a `{unknown}`, which the overlay speaks of")));
        }
        let all: BTreeSet<Arc<str>> = known().map(Arc::from).collect();
        let twins: Vec<[Arc<str>; 2]> =
            overlay.twins.iter().map(|[one, other]| [one.as_str().into(), other.as_str().into()]).collect();
        let answers = overlay.answers.iter().map(|line| line.rule(&kinds, &overlay).map(Arc::new));
        let answers = answers.collect::<Result<_, _>>()?;
        let kinds = all.into_iter().collect();
        let mut builder = Self {
            facts,
            overlay,
            types,
            index,
            resources,
            kinds,
            twins: twins.into(),
            answers,
            all: Arc::default(),
        };
        builder.all = Arc::new(builder.all_answers(described)?);
        Ok(builder)
    }

    fn all_answers(&self, described: &'static str) -> Result<Answers, FactsError> {
        let effects = |line: &OperationLine| {
            let found = self.overlay.effects_of(line)?;
            Ok((self.id(line)?, found.iter().map(|basis| basis.effect).collect()))
        };
        let same = self.overlay.repeats.iter().map(|set| set.iter().map(|field| path(field)).collect());
        Ok(Answers {
            plain: boxed(&self.overlay.plain),
            same: same.collect(),
            nested: self.overlay.nested.iter().map(NestedLine::rule).collect::<Result<_, _>>()?,
            operations: self.facts.operations.iter().map(effects).collect::<Result<_, FactsError>>()?,
            described: Described {
                text: described,
                things: self.overlay.things.clone(),
                shapes: OnceLock::new(),
            },
        })
    }

    pub(crate) fn id(&self, line: &OperationLine) -> Result<OperationId, FactsError> {
        let id = format!("{}.{}", self.facts.header.service, line.op);
        id.parse().map_err(|error| FactsError::new(format!("{error}")))
    }

    /// The rules on which answers of the operation are the content of a file.
    fn content(&self, line: &OperationLine) -> Vec<ContentRule> {
        let rules = self.overlay.content.iter().filter(|rule| rule.which.names(&line.op));
        let described = line.content.then(|| ContentRule { accept: Box::default() });
        rules.map(ContentLine::rule).chain(described).collect()
    }

    pub(crate) fn service(self, digest: String) -> Result<Service, FactsError> {
        let mut matcher = Matcher::default();
        let mut by_id = HashMap::with_capacity(self.facts.operations.len());
        let mut operations = Vec::with_capacity(self.facts.operations.len());
        for (at, line) in self.facts.operations.iter().enumerate() {
            let operation = self.operation(line)?;
            let end = |form| End { method: operation.method, operation: at, form };
            matcher.add(&operation.template, end(Form::Plain));
            if self.overlay.carriers == Carriers::Any && operation.method == Method::Post {
                let get = End { method: Method::Get, operation: at, form: Form::Plain };
                matcher.add(&operation.template, get);
            }
            if let Some(upload) = &operation.upload {
                matcher.add(upload, end(Form::Upload));
            }
            if let Some(shorter) = &operation.shorter {
                matcher.add(shorter, end(Form::Shorter));
            }
            if by_id.insert(operation.id.clone(), at).is_some() {
                return Err(FactsError::new(format!("the operation `{}` stands twice", operation.id)));
            }
            operations.push(Arc::new(operation));
        }
        let reviewed = self.overlay.is_review();
        let common_query = query_parameters(&self.facts.header.query, &self.index)?;
        let Self { facts, overlay, types, resources, .. } = self;
        Ok(Service {
            name: facts.header.service,
            title: overlay.title.unwrap_or(facts.header.title),
            revision: facts.header.revision,
            hosts: if overlay.hosts.is_empty() { facts.header.hosts } else { overlay.hosts },
            digest: digest.into(),
            operations,
            dialect: overlay.dialect,
            credential: overlay.credential,
            clients: overlay.clients,
            discovery: overlay.discovery,
            oauth: overlay.oauth.or(facts.header.sign_in.map(Into::into)),
            manners: overlay.provider,
            reviewed,
            corrected: false,
            types,
            matcher,
            common_query,
            pinned: overlay.pinned,
            get_over_post: overlay.get_over_post,
            carriers: overlay.carriers,
            ids: overlay.ids,
            uuids: overlay.uuids,
            folded: overlay.folded,
            folded_kinds: overlay.folded_kinds,
            suffixes: overlay.suffixes,
            own: overlay.own,
            refused: overlay.refused,
            rules: resources,
            batch_paths: overlay.batch_paths,
            directories: overlay.directories,
            request_headers: [facts.header.request_headers, overlay.request_headers].concat(),
            response_headers: overlay.response_headers,
            masked: overlay.masked,
            by_id,
        })
    }

    fn operation(&self, line: &OperationLine) -> Result<Operation, FactsError> {
        let (verb, path) = line.at.split_once(' ').unwrap_or_default();
        let method = Method::parse(verb)
            .ok_or_else(|| FactsError::new(format!("`{}` has no method that is forwarded", line.op)))?;
        let mut template = Template::parse(path, &self.index)?;
        let mut upload = line.upload.as_deref().map(|path| Template::parse(path, &self.index)).transpose()?;
        let id = self.id(line)?;
        self.allow_slashes(line, &mut template);
        if let Some(upload) = &mut upload {
            self.allow_slashes(line, upload);
        }
        let media = self.overlay.media.get(&line.op).unwrap_or(&line.media);
        let media = boxed(media);
        let bodies = line
            .body
            .iter()
            .chain(self.overlay.bodies.get(&line.op))
            .map(|body| types::parse(body, &self.index));
        let mut bodies = bodies.collect::<Result<Vec<_>, _>>()?;
        let json = if bodies.len() > 1 { Some(Type::OneOf(bodies)) } else { bodies.pop() };
        let form = query_parameters(&line.form, &self.index)?;
        let is_body = json.is_some() || !media.is_empty() || !form.is_empty();
        let body = is_body.then_some(BodyFacts { json, required: line.body_required, form, media });
        let derived = self.overlay.effects_of(line)?;
        let derived_effects = derived.iter().map(|basis| basis.effect).collect();
        let first_host = self.overlay.hosts.first().or(self.facts.header.hosts.first());
        let mut operation = Operation {
            id,
            method,
            effects: derived_effects,
            derived,
            conditions: self.conditions(line),
            host: line.host.as_ref().or(first_host).map(String::as_str).unwrap_or_default().into(),
            shorter: self.overlay.shorter.names(&line.op).then(|| template.shorter()).flatten(),
            template,
            query: query_parameters(&line.query, &self.index)?,
            body,
            upload,
            resources: Vec::new(),
            unnamed: Vec::new(),
            revisions: Vec::new(),
            touched: Vec::new(),
            twins: self.twins.clone(),
            same: Vec::new(),
            decode: self.decodes(line),
            looks: self.looks(line),
            readers: Readers::Untold,
            redirects: line.redirects,
            scopes: self.scopes(line),
            answer: self.answer(line)?,
            content: self.content(line),
            all: self.all.clone(),
            renames: self.renames(line),
            nonces: Vec::new(),
            title: self.overlay.titles.of(line, derived_effects),
            undo: self.undo(line)?,
        };
        operation.readers = self.readers(line, &operation);
        operation.nonces = self.nonces(&operation);
        self.add_things(line, &mut operation)?;
        self.check_arguments(&operation)?;
        if operation.effects.is_empty() {
            return Err(FactsError::new(format!("`{}` has no effect", operation.id)));
        }
        Ok(operation)
    }

    fn allow_slashes(&self, line: &OperationLine, template: &mut Template) {
        for rule in self.overlay.slashes.iter().filter(|rule| rule.which.names(&line.op)) {
            for parameter in &mut template.parameters {
                if parameter.name.as_ref() == rule.parameter && parameter.span == Span::One {
                    parameter.span = Span::Escaped;
                }
            }
        }
    }

    fn decodes(&self, line: &OperationLine) -> Vec<Decode> {
        let rules = self.overlay.decodes.iter().filter(|rule| rule.which.names(&line.op));
        rules
            .map(|rule| {
                let fields = rule.fields.iter().map(|field| field.as_str().into()).collect();
                let valued = |all: &BTreeMap<String, Vec<String>>| {
                    all.iter().map(|(name, values)| (name.as_str().into(), boxed(values))).collect()
                };
                Decode {
                    format: rule.format,
                    fields,
                    media: rule.media,
                    required: rule.required,
                    only: valued(&rule.only),
                    or_absent: valued(&rule.or_absent),
                    without: rule.without.iter().map(|name| name.as_str().into()).collect(),
                }
            })
            .collect()
    }

    fn nonces(&self, operation: &Operation) -> Vec<Arc<str>> {
        let all = self.overlay.nonces.iter().map(|name| Arc::<str>::from(name.as_str()));
        all.filter(|name| self.has_argument(operation, &IdPart::Argument(name.clone()))).collect()
    }

    fn looks(&self, line: &OperationLine) -> Vec<Look> {
        let rules = self.overlay.looks.iter().filter(|rule| rule.which.names(&line.op));
        rules
            .map(|rule| Look {
                finds: rule.finds,
                get: id_parts(&rule.get),
                own: boxed(&rule.own),
                letters: rule.letters.as_str().into(),
                without: rule.without.iter().map(|name| name.as_str().into()).collect(),
            })
            .collect()
    }

    /// Who reads what the operation changes. The first rule that names the operation says it. Without a rule, its
    /// message and its look-ups tell. Without those, nobody knows.
    fn readers(&self, line: &OperationLine, operation: &Operation) -> Readers {
        let written = self.overlay.readers.iter().find(|rule| rule.which.names(&line.op));
        let is_told = !operation.decode.is_empty() || operation.looks.iter().any(|look| look.finds.reaches());
        written.map_or(if is_told { Readers::Told } else { Readers::Untold }, |rule| rule.are)
    }

    fn conditions(&self, line: &OperationLine) -> Vec<Condition> {
        let rules = self.overlay.conditions.iter().filter(|rule| rule.which.names(&line.op));
        rules
            .flat_map(|rule| rule.argument.as_slice().iter().map(move |argument| (rule, argument)))
            .map(|(rule, argument)| Condition {
                effects: rule.effects.iter().copied().collect(),
                argument: argument.as_str().into(),
                values: boxed(&rule.any_of),
                prefixes: boxed(&rule.starts_with),
                suffixes: boxed(&rule.ends_with),
                parts: boxed(&rule.contains),
                others_than: boxed(&rule.none_of),
                around: boxed(&rule.around),
                absent: rule.absent,
            })
            .collect()
    }

    /// Refuses a rule on an argument that the operation does not have. Its condition would never be met, or always.
    fn check_arguments(&self, operation: &Operation) -> Result<(), FactsError> {
        let conditions = operation.conditions.iter().map(|condition| &condition.argument);
        let decoded = operation.decode.iter().flat_map(|decode| {
            let only = decode.only.iter().chain(&decode.or_absent).map(|(name, _)| name);
            only.chain(&decode.fields).chain(&decode.without)
        });
        let looked_up = operation.looks.iter().flat_map(|look| &look.get).filter_map(|part| match part {
            IdPart::Argument(name) => Some(name).filter(|name| !name.is_empty()),
            IdPart::Text(_) => None,
        });
        let unless = operation.looks.iter().flat_map(|look| &look.without);
        let shown = operation.answer.iter().flat_map(|rule| &rule.shown).flat_map(|one| &one.id);
        let shown =
            shown.filter_map(|part| if let ShownPart::Argument(name) = part { Some(name) } else { None });
        let mut named = conditions.chain(decoded).chain(looked_up).chain(unless).chain(shown);
        match named.find(|name| !self.has_argument(operation, &IdPart::Argument((*name).clone()))) {
            None => Ok(()),
            Some(name) => Err(FactsError::new(format!(
                "`{}` has no `{name}` that the overlay's rule is on",
                operation.id
            ))),
        }
    }

    /// The rule on the operation's answers; two rules are an error.
    fn answer(&self, line: &OperationLine) -> Result<Option<Arc<AnswerRule>>, FactsError> {
        let lines = self.overlay.answers.iter().zip(&self.answers);
        let mut own =
            lines.filter(|(written, _)| written.which.names(&line.op)).map(|(_, rule)| rule.clone());
        match (own.next(), own.next()) {
            (rule, None) => Ok(rule),
            _ => Err(FactsError::new(format!(
                "two of the overlay's rules are on the answers of `{}`",
                line.op
            ))),
        }
    }

    fn renames(&self, line: &OperationLine) -> Vec<Arc<str>> {
        let all = self.overlay.renames.iter();
        all.filter(|(_, operations)| operations.contains(&line.op))
            .map(|(name, _)| name.as_str().into())
            .collect()
    }

    pub(crate) fn has_argument(&self, operation: &Operation, part: &IdPart) -> bool {
        let IdPart::Argument(name) = part else { return true };
        operation.template.parameters.iter().any(|parameter| parameter.name == *name)
            || operation.query.iter().any(|parameter| parameter.name == *name)
            || operation.form().iter().any(|parameter| parameter.name == *name)
            || self.has_in_body(operation, name)
    }

    pub(crate) fn has_in_body(&self, operation: &Operation, name: &str) -> bool {
        let in_body = || {
            let json = operation.body.as_ref()?.json.as_ref()?;
            let (first, rest) = name.split_once('.').unwrap_or((name, ""));
            Some(self.types.admits(json, &|ty| match ty {
                Type::Named(at) => match self.types.entry(*at) {
                    Some(Named::Object { fields, .. }) => {
                        let field = fields.iter().find(|field| field.name.as_ref() == first);
                        field.is_some_and(|field| rest.is_empty() || self.has_field(&field.ty, rest))
                    }
                    _ => false,
                },
                _ => false,
            }))
        };
        in_body() == Some(true)
    }

    fn has_field(&self, ty: &Type, path: &str) -> bool {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        self.types.admits(ty, &|ty| match ty {
            Type::Named(at) => match self.types.entry(*at) {
                Some(Named::Object { fields, .. }) => fields.iter().any(|field| {
                    field.name.as_ref() == first && (rest.is_empty() || self.has_field(&field.ty, rest))
                }),
                _ => false,
            },
            Type::List(item) => self.has_field(item, path),
            // A key that is data is a value of `path.*`, and the value under it is `path.*.value`.
            Type::Map(value) => match path.strip_prefix("*") {
                Some("" | ".value") => true,
                Some(under) => under.strip_prefix(".value.").is_some_and(|rest| self.has_field(value, rest)),
                None => false,
            },
            _ => false,
        })
    }
}

fn query_parameters(
    lines: &BTreeMap<String, String>,
    index: &HashMap<String, usize>,
) -> Result<Vec<QueryParameter>, FactsError> {
    let read = |(key, ty): (&String, &String)| {
        let (name, required) = key.strip_suffix('!').map_or((key.as_str(), false), |name| (name, true));
        let (name, repeated) = name.strip_suffix('*').map_or((name, false), |name| (name, true));
        let (name, brackets) = name.strip_suffix("[]").map_or((name, false), |name| (name, true));
        Ok(QueryParameter { name: name.into(), ty: types::parse(ty, index)?, repeated, required, brackets })
    };
    lines.iter().map(read).collect()
}
