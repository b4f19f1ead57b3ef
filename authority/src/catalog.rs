//! The catalog of one home: the services that come with the program, and those that a person imported.
//!
//! An imported service is `HOME/services/NAME.facts.jsonl`, and beside it `NAME.overlay.toml` where a person
//! reviewed its effects. It knows files; what is in them is the `datalog` crate's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datalog::ServiceName;
use datalog::catalog::{Catalog, FactsError, Service};

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
    #[error("`{path}` is not a service: {error}\nhint: import it again, or move it away", path = path.display())]
    Facts { path: PathBuf, error: FactsError },
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error("there is a service `{0}` already")]
    Exists(ServiceName),
}

/// The folder of imported services.
fn folder(home: &Home) -> PathBuf {
    home.dir().join("services")
}

/// Every service of `home`.
pub fn load(home: &Home) -> Result<Catalog, CatalogError> {
    let embedded = Catalog::embedded().map_err(CatalogError::Embedded)?;
    let folder = folder(home);
    let files = match fs::read_dir(&folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(embedded),
        Err(error) => return Err(CatalogError::Io { path: folder, error }),
    };
    let mut services: Vec<Arc<Service>> = embedded.services().cloned().collect();
    for file in files {
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
    Service::load(&read(path)?, overlay.as_deref())
        .map_err(|error| CatalogError::Facts { path: path.to_owned(), error })
}

/// Keeps the facts of a new service; the answer is where.
pub fn add(home: &Home, name: &ServiceName, facts: &str) -> Result<PathBuf, CatalogError> {
    if load(home)?.service(name).is_some() {
        return Err(CatalogError::Exists(name.clone()));
    }
    home.create()?;
    let folder = Home::at(folder(home));
    folder.create()?;
    let path = folder.dir().join(format!("{name}{FACTS}"));
    create_private_file(&path, facts.as_bytes())?;
    Ok(path)
}
