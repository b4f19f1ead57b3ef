//! A call as the raw request that an SDK would have sent. It is classified like any other, so nothing here decides.

use crate::catalog::matcher::Form;
use crate::catalog::method::Method;
use crate::catalog::operation::Operation;
use crate::catalog::overlay::Carriers;
use crate::catalog::service::Service;
use crate::request::wire::push_pair;
use crate::tool::arguments::{LetterPlace, Need, Place, ToolArgument, arguments, letter_place};
use crate::tool::letter;
use crate::words::json::Json;
use crate::words::message::Message;
use crate::words::nearest;

/// A request without a protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelled {
    pub method: &'static str,
    /// The service's own path, percent-encoded.
    pub path: String,
    pub query: Option<String>,
    pub content_type: Option<&'static str>,
    pub body: Vec<u8>,
}

/// The request of a call with these arguments, or what is wrong with an argument.
pub fn spell(service: &Service, operation: &Operation, given: &Json) -> Result<Spelled, Message> {
    let Json::Object(given) = given else {
        return Err(Message::new("the arguments are not an object"));
    };
    let letter = letter_place(operation);
    let known = arguments(service, operation);
    let known: Vec<&ToolArgument<'_>> =
        known.iter().filter(|one| !letter.is_some_and(|place| place.holds(one))).collect();
    let is_part = |key: &str| letter.is_some() && letter::is_part(key);
    let (parts, others): (Vec<_>, Vec<_>) = given.iter().cloned().partition(|(key, _)| is_part(key));
    if let Some((key, _)) = others.iter().find(|(key, _)| !known.iter().any(|one| one.key == *key)) {
        return Err(unknown(key, &known));
    }
    let value =
        |one: &ToolArgument<'_>| others.iter().find(|(key, _)| *key == one.key).map(|(_, value)| value);
    let mut request = Spelled {
        method: operation.method.as_str(),
        path: path(service, operation, &known, &value)?,
        query: None,
        content_type: None,
        body: Vec::new(),
    };
    let (mut query, mut fields, mut whole) = (String::new(), Vec::new(), None);
    for one in &known {
        let Some(value) = value(one) else { continue };
        match one.place {
            Place::Path => {}
            Place::Query => pairs(&mut query, one, value)?,
            Place::Form if operation.method == Method::Get => pairs(&mut query, one, value)?,
            Place::Form | Place::Field => fields.push((one.name.to_owned(), value.clone())),
            Place::Body => whole = Some(value.clone()),
        }
    }
    if let Some(place) = letter {
        fields.extend(message(place, &parts)?);
    }
    request.query = (!query.is_empty()).then_some(query);
    if let Some(body) = whole.or_else(|| has_body(operation, &fields).then_some(Json::Object(fields))) {
        request.carry(service, operation, &body, &known)?;
    }
    Ok(request)
}

/// The fields that a letter makes. A call without any part has none: it may name a draft that is there.
fn message(place: LetterPlace<'_>, parts: &[(String, Json)]) -> Result<Vec<(String, Json)>, Message> {
    if parts.is_empty() && place.need == Need::OrDraft {
        return Ok(Vec::new());
    }
    let object = letter::object(parts)?;
    Ok(match (place.around, object) {
        (Some(around), object) => vec![(around.to_owned(), object)],
        (None, Json::Object(fields)) => fields,
        (None, _) => Vec::new(),
    })
}

fn has_body(operation: &Operation, fields: &[(String, Json)]) -> bool {
    !fields.is_empty() || operation.body.as_ref().is_some_and(|body| body.required && body.json.is_some())
}

impl Spelled {
    /// Puts a body in: as JSON where the operation takes it, otherwise as a form.
    fn carry(
        &mut self,
        service: &Service,
        operation: &Operation,
        body: &Json,
        known: &[&ToolArgument<'_>],
    ) -> Result<(), Message> {
        let takes_json = operation.body.as_ref().is_some_and(|body| body.json.is_some());
        if takes_json || service.carriers == Carriers::Any {
            self.content_type = Some("application/json");
            self.body = body.to_text().into_bytes();
            return Ok(());
        }
        let mut form = String::new();
        if let Json::Object(fields) = body {
            for (name, value) in fields {
                let one = known.iter().find(|one| one.name == name && one.place == Place::Form);
                one.map_or(Ok(()), |one| pairs(&mut form, one, value))?;
            }
        }
        self.content_type = Some("application/x-www-form-urlencoded");
        self.body = form.into_bytes();
        Ok(())
    }
}

fn path<'a>(
    service: &Service,
    operation: &Operation,
    known: &[&ToolArgument<'_>],
    value: &impl Fn(&ToolArgument<'_>) -> Option<&'a Json>,
) -> Result<String, Message> {
    let argument = |name: &str| known.iter().find(|one| one.place == Place::Path && one.name == name);
    let last = operation.template.parameters.last().map(|parameter| &*parameter.name);
    let is_given = last.and_then(argument).is_some_and(|one| value(one).is_some());
    let form = if operation.shorter.is_some() && !is_given { Form::Shorter } else { Form::Plain };
    let template = operation.template_of(form);
    let mut values = Vec::new();
    for parameter in &template.parameters {
        if let Some(word) = service.pinned.get(&*parameter.name) {
            values.push(word.clone());
            continue;
        }
        let one = argument(&parameter.name).and_then(|one| Some((*one, value(one)?)));
        let (one, value) = one.ok_or_else(|| Message::new(format!("`{}` is missing", parameter.name)))?;
        let text = scalar(&one.key, value)?;
        if text.is_empty() {
            return Err(Message::new(format!("`{}` is empty", one.key)));
        }
        values.push(text);
    }
    Ok(template.fill(&values))
}

/// Adds the pairs of one argument: one, or one for each value of a list, or with keys in brackets.
fn pairs(text: &mut String, one: &ToolArgument<'_>, value: &Json) -> Result<(), Message> {
    match value {
        Json::Array(items) if one.repeated => {
            items.iter().try_for_each(|item| nested(text, one.name, &one.key, item))
        }
        Json::Array(items) if items.iter().all(|item| !matches!(item, Json::Array(_) | Json::Object(_))) => {
            let texts: Vec<String> =
                items.iter().map(|item| scalar(&one.key, item)).collect::<Result<_, _>>()?;
            if texts.iter().any(|text| text.contains(',')) {
                return Err(Message::new(format!(
                    "a value of `{}` holds a comma, which would be two values",
                    one.key
                )));
            }
            push_pair(text, one.name, &texts.join(","));
            Ok(())
        }
        value => nested(text, one.name, &one.key, value),
    }
}

fn nested(text: &mut String, name: &str, key: &str, value: &Json) -> Result<(), Message> {
    match value {
        Json::Object(fields) => {
            fields.iter().try_for_each(|(field, value)| nested(text, &format!("{name}[{field}]"), key, value))
        }
        Json::Array(items) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(place, value)| nested(text, &format!("{name}[{place}]"), key, value))
        }
        value => {
            push_pair(text, name, &scalar(key, value)?);
            Ok(())
        }
    }
}

/// A value as a URL has it.
fn scalar(key: &str, value: &Json) -> Result<String, Message> {
    match value {
        Json::String(text) => Ok(text.clone()),
        Json::Int(number) => Ok(number.to_string()),
        Json::Float(number) => Ok(number.to_string()),
        Json::Bool(flag) => Ok(flag.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => {
            Err(Message::new(format!("`{key}` is not one value: expected a text, a number, true or false")))
        }
    }
}

fn unknown(key: &str, known: &[&ToolArgument<'_>]) -> Message {
    let shown: String = key.chars().take(60).flat_map(char::escape_debug).collect();
    let message = Message::new(format!("this tool has no argument `{shown}`"));
    let names: Vec<&str> = known.iter().map(|one| one.key.as_str()).collect();
    let near = if key.len() <= 80 { nearest::nearest(key, names.iter().copied(), 0.7) } else { Vec::new() };
    match near.first() {
        Some(near) => message.hint(format!("did you mean `{near}`?")),
        None => message.hint(format!("it has {}", names.join(", "))),
    }
}
