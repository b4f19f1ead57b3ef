//! A hint for a path that is no operation: which one was probably meant.
//!
//! It comes only from the catalog, which is public, never from what exists at the service.

use crate::catalog::Method;
use crate::catalog::matcher::End;
use crate::catalog::path::Segment;
use crate::catalog::service::Service;
use crate::catalog::template::TemplateSegment;
use crate::classify::misfit::{ClassifyError, shown, unknown};
use crate::words::nearest::is_slip;

/// The refusal of a path without a template.
pub(crate) fn no_operation(service: &Service, method: Method, path: &[Segment<'_>]) -> ClassifyError {
    let text: String = path.iter().flat_map(|segment| ["/", segment.text.as_ref()]).collect();
    let hint = special(service, &text).or_else(|| nearest(service, method, path));
    let expected = format!("an operation of {}", service.name);
    unknown(expected, format!("{method} `{}`", shown(&text)), hint)
}

/// The refusal of a path that exists with other methods.
pub(crate) fn other_methods(service: &Service, ends: &[End], method: Method) -> ClassifyError {
    let mut known: Vec<&str> = ends
        .iter()
        .filter_map(|end| service.operations.get(end.operation))
        .map(|operation| operation.id.as_str())
        .collect();
    known.dedup();
    unknown(
        format!("a method that this path has ({})", methods(ends)),
        method.to_string(),
        Some(format!("the operations here are {}", known.join(", "))),
    )
}

fn methods(ends: &[End]) -> String {
    let mut methods: Vec<&str> = ends.iter().map(|end| end.method.as_str()).collect();
    methods.sort_unstable();
    methods.dedup();
    methods.join(", ")
}

fn special(service: &Service, path: &str) -> Option<String> {
    let last = path.rsplit('/').next().unwrap_or_default();
    if last == "$batch" || service.batch_paths.iter().any(|batch| path.starts_with(batch.as_str())) {
        return Some("batches are not taken: send each request by itself".into());
    }
    if last == "graphql" {
        return Some("GraphQL is not catalogued: use the REST operations".into());
    }
    if path.starts_with("/resumable/") {
        return Some(
            "resumable uploads are not taken: use `uploadType=multipart` or `uploadType=media`".into(),
        );
    }
    None
}

/// Up to three operations that are most like the path.
fn nearest(service: &Service, method: Method, path: &[Segment<'_>]) -> Option<String> {
    let mut scored: Vec<(usize, &str)> = Vec::new();
    for operation in &service.operations {
        let template = &operation.template.segments;
        let alike = template.iter().zip(path).map(|(known, got)| match known {
            TemplateSegment::Literal(text) if text.eq_ignore_ascii_case(&got.text) => (1, 8),
            TemplateSegment::Literal(text) if text.len() > 3 && is_slip(&got.text, text) => (1, 6),
            TemplateSegment::Literal(_) => (0, 0),
            TemplateSegment::Parts(_) => (0, 1),
        });
        let (literals, score) = alike.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
        let distance = template.len().abs_diff(path.len());
        if literals >= 2 && distance <= 1 {
            let score = score + usize::from(operation.method == method) * 3 + (1 - distance) * 2;
            scored.push((score, operation.id.as_str()));
        }
    }
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let names: Vec<&str> = scored.iter().take(3).map(|(_, id)| *id).collect();
    (!names.is_empty()).then(|| format!("the nearest are {}", names.join(", ")))
}
