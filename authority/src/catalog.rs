//! The catalog of one home: the services that come with the program, and those that a person imported.
//!
//! An imported service is `HOME/services/NAME.facts.jsonl`. If a person reviewed its effects, `NAME.overlay.toml` is
//! beside it. This file knows where they are; the `datalog` crate knows what they mean.
//!
//! - Invariant: A request that was judged or approved under one catalog is never sent under another
//!   (`a_running_authority_takes_a_service_and_its_overlay_at_once`).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use datalog::catalog::{Catalog, FactsError, Service};
use datalog::{Hinted, ServiceName};

use crate::home::{Home, HomeError, create_private_file};

const FACTS: &str = ".facts.jsonl";
const OVERLAY: &str = ".overlay.toml";

/// Why there is no catalog.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("the services that come with the program cannot be read: {0}")]
    Embedded(FactsError),
    #[error("`{path}` cannot be read: {error}", path = path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("`{path}` is not a service: {error}", path = path.display())]
    Facts { path: PathBuf, error: FactsError },
    #[error("`{path}` does not fit its service: {error}", path = path.display())]
    Overlay { path: PathBuf, error: FactsError },
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error("there is a service `{0}` already")]
    Exists(ServiceName),
}

impl Hinted for CatalogError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Embedded(error) | Self::Facts { error, .. } | Self::Overlay { error, .. } => error.hint(),
            Self::Home(error) => error.hint(),
            Self::Io { .. } | Self::Exists(_) => None,
        }
    }
}

/// Returns the folder of imported services.
fn folder(home: &Home) -> PathBuf {
    home.dir().join("services")
}

/// Loads every service of `home`.
pub(crate) fn load(home: &Home) -> Result<Catalog, CatalogError> {
    let embedded = Catalog::embedded().map_err(CatalogError::Embedded)?;
    beside(home, &embedded)
}

/// Loads the services of `home` as they are now, with those services of `known` that come with the program.
pub(crate) fn beside(home: &Home, known: &Catalog) -> Result<Catalog, CatalogError> {
    let folder = folder(home);
    let mut services: Vec<Arc<Service>> =
        known.services().filter(|service| Catalog::is_embedded(&service.name)).cloned().collect();
    let files = match fs::read_dir(&folder) {
        Ok(files) => Some(files),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(CatalogError::Io { path: folder, error }),
    };
    for file in files.into_iter().flatten() {
        let path = file.map_err(|error| CatalogError::Io { path: folder.clone(), error })?.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(FACTS)) {
            services.push(Arc::new(imported(&path)?));
        }
    }
    Catalog::new(services).map_err(|error| CatalogError::Facts { path: folder, error })
}

fn imported(path: &Path) -> Result<Service, CatalogError> {
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|error| CatalogError::Io { path: path.to_owned(), error })
    };
    let name = path.to_string_lossy();
    let beside = PathBuf::from(format!("{}{OVERLAY}", name.trim_end_matches(FACTS)));
    let overlay = if beside.exists() { Some(read(&beside)?) } else { None };
    let facts = read(path)?;
    // If the facts load without the overlay, the overlay is the problem.
    match (Service::load(&facts, overlay.as_deref()), &overlay) {
        (Ok(service), _) => Ok(service),
        (Err(error), Some(_)) if Service::load(&facts, None).is_ok() => {
            Err(CatalogError::Overlay { path: beside, error })
        }
        (Err(error), _) => Err(CatalogError::Facts { path: path.to_owned(), error }),
    }
}

/// Stores the facts of a new service, and the overlay if there is one. Returns the place of the facts.
pub(crate) fn add(
    home: &Home,
    name: &ServiceName,
    facts: &str,
    overlay: Option<&str>,
) -> Result<PathBuf, CatalogError> {
    if load(home)?.service(name).is_some() {
        return Err(CatalogError::Exists(name.clone()));
    }
    home.create()?;
    let folder = Home::at(folder(home));
    folder.create()?;
    // The overlay comes first. With the facts alone, the service would count at its worst. That is safe, but not what
    // the person asked for.
    if let Some(overlay) = overlay {
        create_private_file(&folder.dir().join(format!("{name}{OVERLAY}")), overlay.as_bytes())?;
    }
    let path = folder.dir().join(format!("{name}{FACTS}"));
    create_private_file(&path, facts.as_bytes())?;
    Ok(path)
}

/// Returns the overlay beside an imported service.
pub(crate) fn overlay(home: &Home, name: &ServiceName) -> Result<Option<String>, CatalogError> {
    let path = folder(home).join(format!("{name}{OVERLAY}"));
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CatalogError::Io { path, error }),
    }
}

/// Stores other facts of an imported service, and another overlay if there is one. Returns the place of the facts.
pub(crate) fn replace(
    home: &Home,
    name: &ServiceName,
    facts: &str,
    overlay: Option<&str>,
) -> Result<PathBuf, CatalogError> {
    let folder = folder(home);
    let put = |ending: &str, text: &str| {
        let (path, new) =
            (folder.join(format!("{name}{ending}")), folder.join(format!("{name}{ending}.new")));
        let failed = |error| CatalogError::Io { path: path.clone(), error };
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => create_private_file(&new, text.as_bytes())?,
        };
        fs::rename(&new, &path).map_err(failed)?;
        Ok(path)
    };
    if let Some(overlay) = overlay {
        put(OVERLAY, overlay)?;
    }
    put(FACTS, facts)
}

/// Forgets an imported service.
pub(crate) fn remove(home: &Home, name: &ServiceName) -> Result<(), CatalogError> {
    // The facts go first. An overlay alone does nothing, but facts alone would be a service that counts at its worst.
    for ending in [FACTS, OVERLAY] {
        let path = folder(home).join(format!("{name}{ending}"));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(CatalogError::Io { path, error });
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: &str = concat!(
        r#"{"hallpass_facts":1,"service":"tasks","title":"Tasks","source":"openapi","revision":"1","hosts":[]}"#,
        "\n",
        r#"{"op":"list","at":"GET /tasks"}"#
    );

    #[test]
    fn an_overlay_beside_a_service_is_read_and_one_that_does_not_fit_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home"));
        let name: ServiceName = "tasks".parse().unwrap();
        let overlay = "[effects]\nlist = [\"read\", \"secret\"]\n";
        let facts = add(&home, &name, FACTS, Some(overlay)).unwrap();
        let known = load(&home).unwrap();
        assert!(known.service(&name).unwrap().reviewed);

        let beside = facts.with_file_name("tasks.overlay.toml");
        fs::write(&beside, overlay.replace("list", "lists")).unwrap();
        let error = load(&home).unwrap_err();
        assert!(matches!(&error, CatalogError::Overlay { path, .. } if *path == beside), "{error}");
        assert!(error.hint().is_some(), "{error}");
    }
}
