//! How values are written in columns.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Row, ToSql};
use time::OffsetDateTime;

use crate::clock::{from_unix_millis, unix_millis};
use crate::vault::Sealed;

/// Returns milliseconds since 1970.
pub(super) fn millis(time: OffsetDateTime) -> i64 {
    unix_millis(time)
}

pub(super) fn time_at(row: &Row<'_>, column: &str) -> rusqlite::Result<OffsetDateTime> {
    row.get(column).map(from_unix_millis)
}

pub(super) fn optional_time_at(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<OffsetDateTime>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(from_unix_millis))
}

/// Reads a name. It is parsed again, so that no bad name gets in that somebody wrote into the file by hand.
pub(super) fn name_at<T>(row: &Row<'_>, column: &str) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err = datalog::NameError>,
{
    parse_name(&row.get::<_, String>(column)?)
}

pub(super) fn parse_name<T>(text: &str) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err = datalog::NameError>,
{
    text.parse().map_err(|error: datalog::NameError| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })
}

impl ToSql for Sealed {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for Sealed {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Blob(bytes) => Ok(Self(bytes.to_vec())),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}
