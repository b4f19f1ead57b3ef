//! One generation of a connection's tokens, sealed for the store and opened again.

use secrecy::{ExposeSecret, SecretString};

use super::generation::OpenedGeneration;
use crate::store::{ConnectionId, CredentialRow, KnownConnectionRow};
use crate::vault::{Place, Sealed, Vault, VaultError};

fn place<'a>(row: &'a str, column: &'a str, generation: u64) -> Place<'a> {
    Place { table: "credential", row, column, generation }
}

pub(crate) fn seal_credential(
    vault: &Vault,
    id: ConnectionId,
    known: &OpenedGeneration,
) -> Result<CredentialRow, VaultError> {
    let row = id.0.to_string();
    let seal = |column, secret: &SecretString| -> Result<Sealed, VaultError> {
        vault.seal(place(&row, column, known.generation), secret.expose_secret().as_bytes())
    };
    Ok(CredentialRow {
        generation: known.generation,
        access: seal("access", &known.access)?,
        refresh: known.refresh.as_ref().map(|token| seal("refresh", token)).transpose()?,
        obtained: known.obtained,
        expires: known.expires,
        scopes: known.scopes.clone(),
        grant: known.grant,
    })
}

pub(crate) fn open_credential(
    vault: &Vault,
    row: &KnownConnectionRow,
) -> Result<OpenedGeneration, VaultError> {
    let id = row.id.0.to_string();
    let credential = &row.credential;
    let open = |column, sealed: &Sealed| vault.open_string(place(&id, column, credential.generation), sealed);
    Ok(OpenedGeneration {
        access: open("access", &credential.access)?,
        refresh: credential.refresh.as_ref().map(|sealed| open("refresh", sealed)).transpose()?,
        generation: credential.generation,
        obtained: credential.obtained,
        expires: credential.expires,
        scopes: credential.scopes.clone(),
        grant: credential.grant,
    })
}
