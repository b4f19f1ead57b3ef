//! The things that a look-up must fetch, by what the request names.

use crate::catalog::finds::Finds;
use crate::catalog::{IdPart, Look};
use crate::decision::lookup::Observed;
use crate::request::argument::Scalar;
use crate::request::canonical::{Body, Request};
use crate::request::found::Unfound;

/// Whether the request names something that this look-up finds.
pub(crate) fn names(request: &Request, finds: Finds) -> bool {
    let observed = Observed::default();
    let mut looks = request.operation.looks.iter().filter(|look| look.finds == finds);
    looks.any(|look| !targets(look, request, &observed).is_empty())
}

/// The path and query of a look-up, for each thing that the request names or that a result points to.
pub(crate) fn targets(look: &Look, request: &Request, observed: &Observed) -> Vec<Result<String, Unfound>> {
    let given = |name: &str| request.arguments.iter().any(|argument| argument.is_within(name));
    if look.without.iter().any(|name| given(name)) {
        return Vec::new();
    }
    let mut targets = vec![Ok(String::new())];
    for part in &look.get {
        let ids = match part {
            IdPart::Text(literal) => {
                targets.iter_mut().flatten().for_each(|target| target.push_str(literal));
                continue;
            }
            IdPart::Argument(name) if name.is_empty() => {
                observed.pointed(look.finds).into_iter().map(str::to_owned).collect()
            }
            IdPart::Argument(name) => meant(look, &named(request, name)),
        };
        let with = |target: &Result<String, Unfound>, id: &str| {
            let target = target.as_ref().map_err(|unfound| *unfound)?;
            if is_plain(id) { Ok(format!("{target}{}", id.replace(':', "%3A"))) } else { Err(Unfound::Id) }
        };
        targets = targets.iter().flat_map(|target| ids.iter().map(|id| with(target, id))).collect();
    }
    targets
}

/// The ids in an argument that this look-up is for. An argument with commas is a list of ids.
pub(crate) fn meant(look: &Look, values: &[String]) -> Vec<String> {
    let ids = values.iter().flat_map(|value| value.split(','));
    let is_meant = |id: &&str| {
        let begins = look.letters.is_empty() || id.starts_with(|first| look.letters.contains(first));
        begins && !look.own.iter().any(|own| **own == **id)
    };
    ids.filter(is_meant).map(str::to_owned).collect()
}

/// The text of an argument.
pub(crate) fn argument<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let argument = request.arguments.iter().find(|argument| &*argument.name == name)?;
    match &argument.value {
        Scalar::String(text) => Some(text),
        Scalar::Int(_) | Scalar::Bool(_) | Scalar::Other(_) => None,
    }
}

/// The values of an argument, or of a field of the body to be sent. A value that is not text is no id.
pub(crate) fn named(request: &Request, name: &str) -> Vec<String> {
    let text = |value: &Scalar| match value {
        Scalar::String(text) => text.clone(),
        Scalar::Int(_) | Scalar::Bool(_) | Scalar::Other(_) => String::new(),
    };
    let own = request.arguments.iter().filter(|argument| &*argument.name == name);
    let values: Vec<String> = own.map(|argument| text(&argument.value)).collect();
    if !values.is_empty() {
        return values;
    }
    let json = match &request.body {
        Body::Json(json) | Body::Related { metadata: json, .. } => json,
        Body::Empty | Body::Form(_) | Body::Media { .. } => return Vec::new(),
    };
    let field = name.split('.').try_fold(json, |at, name| at.field(name));
    field.map(|field| field.as_str().unwrap_or_default().to_owned()).into_iter().collect()
}

/// Whether an id looks like those that the services give out. It has no characters that mean more in a path or query.
pub(crate) fn is_plain(id: &str) -> bool {
    (1..=256).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_@.:".contains(&b))
        && id.bytes().any(|b| b != b'.')
}
