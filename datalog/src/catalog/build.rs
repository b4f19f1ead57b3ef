//! Facts and an overlay to a `Service`: types parsed, templates put into the tree, rules applied.
//!
//! What does not fit (a rule for nothing, an operation without effects, a type that is not there) does not
//! load. Nothing here is done again for a request.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::answer::{AnswerRule, ShownPart};
use super::facts::{Facts, FactsError, OperationLine};
use super::matcher::{End, Form, Matcher};
use super::operation::{
    BodyFacts, Condition, Decode, IdPart, Look, Method, Operation, QueryParameter, ResourceRule,
};
use super::overlay::{Carriers, Overlay, ResourceLine};
use super::service::Service;
use super::template::{Span, Template};
use super::types::{self, Named, Type, Types};

/// A service on its way.
pub(super) struct Builder {
    facts: Facts,
    overlay: Overlay,
    types: Types,
    index: HashMap<String, usize>,
    /// The overlay's resources, in its order.
    resources: Vec<ResourceRule>,
    /// What the overlay says of answers, in its order.
    answers: Vec<Arc<AnswerRule>>,
    repeats: Arc<[Box<str>]>,
}

impl Builder {
    pub(super) fn new(facts: Facts, mut overlay: Overlay) -> Result<Self, FactsError> {
        overlay.settle(&facts.operations)?;
        let (types, index) = Types::read(&facts.types)?;
        let rule = |line: &ResourceLine| ResourceRule {
            kind: line.kind.as_str().into(),
            id: id_parts(&line.id),
            around: boxed(&line.around),
            strip: boxed(&line.strip),
        };
        let resources = overlay.resources.iter().map(rule).collect();
        let kinds = overlay.resources.iter().map(|line| line.kind.as_str()).collect();
        let answers = overlay.answers.iter().map(|line| line.rule(&kinds).map(Arc::new));
        let answers = answers.collect::<Result<_, _>>()?;
        let repeats = boxed(&overlay.repeats).into();
        Ok(Self { facts, overlay, types, index, resources, answers, repeats })
    }

    pub(super) fn service(self, digest: String, reviewed: bool) -> Result<Service, FactsError> {
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
            oauth: overlay.oauth.or(facts.header.sign_in.map(Into::into)),
            reviewed,
            corrected: false,
            types,
            matcher,
            common_query,
            pinned: overlay.pinned,
            get_over_post: overlay.get_over_post,
            carriers: overlay.carriers,
            ids: overlay.ids,
            folded: overlay.folded,
            rules: resources,
            batch_paths: overlay.batch_paths,
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
        let id = format!("{}.{}", self.facts.header.service, line.op);
        let id = id.parse().map_err(|error| FactsError::new(format!("{error}")))?;
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
        let first_host = self.overlay.hosts.first().or(self.facts.header.hosts.first());
        let mut operation = Operation {
            id,
            method,
            effects: derived.iter().map(|basis| basis.effect).collect(),
            derived,
            conditions: self.conditions(line),
            host: line.host.as_ref().or(first_host).map(String::as_str).unwrap_or_default().into(),
            shorter: self.overlay.shorter.names(&line.op).then(|| template.shorter()).flatten(),
            template,
            query: query_parameters(&line.query, &self.index)?,
            body,
            upload,
            resources: Vec::new(),
            decode: self.decodes(line),
            looks: self.looks(line),
            addressed: self.overlay.addressed || !self.overlay.decodes.is_empty(),
            redirects: line.redirects,
            answer: self.answer(line)?,
            repeats: self.repeats.clone(),
            renames: self.renames(line),
        };
        operation.resources = self.resources(line, &operation);
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
                others_than: boxed(&rule.none_of),
                around: boxed(&rule.around),
            })
            .collect()
    }

    /// A condition on an argument that the operation does not have would never, or always, be met.
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

    /// The one rule on its answers.
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

    fn resources(&self, line: &OperationLine, operation: &Operation) -> Vec<ResourceRule> {
        let rules = self.overlay.resources.iter().zip(&self.resources);
        rules
            .filter(|(written, _)| written.which.is_empty() || written.which.names(&line.op))
            .filter(|(_, rule)| rule.id.iter().all(|part| self.has_argument(operation, part)))
            .map(|(_, rule)| rule.clone())
            .collect()
    }

    fn has_argument(&self, operation: &Operation, part: &IdPart) -> bool {
        let IdPart::Argument(name) = part else { return true };
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
        operation.template.parameters.iter().any(|parameter| parameter.name == *name)
            || operation.query.iter().any(|parameter| parameter.name == *name)
            || operation.form().iter().any(|parameter| parameter.name == *name)
            || in_body() == Some(true)
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
            _ => false,
        })
    }
}

fn boxed(texts: &[String]) -> Vec<Box<str>> {
    texts.iter().map(|text| text.as_str().into()).collect()
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

/// `{owner}/{repo}` to its arguments and what stands between them.
pub(super) fn id_parts(text: &str) -> Vec<IdPart> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        if !before.is_empty() {
            parts.push(IdPart::Text(before.into()));
        }
        parts.push(IdPart::Argument(name.into()));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(IdPart::Text(rest.into()));
    }
    parts
}
