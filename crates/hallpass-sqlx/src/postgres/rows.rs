//! Binding records and reading rows.

use crate::names::Sql;
use crate::row::{Cells, Columns};
use hallpass_core::Record;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row};

impl Cells for PgRow {
    fn int(&self, at: usize) -> sqlx::Result<i64> {
        self.try_get(at)
    }

    fn opt_int(&self, at: usize) -> sqlx::Result<Option<i64>> {
        self.try_get(at)
    }

    fn small(&self, at: usize) -> sqlx::Result<i16> {
        self.try_get(at)
    }

    // Unchecked, because text is read as bytes too: on the wire both are the same.
    fn bytes(&self, at: usize) -> sqlx::Result<Vec<u8>> {
        self.try_get_unchecked(at)
    }

    fn opt_bytes(&self, at: usize) -> sqlx::Result<Option<Vec<u8>>> {
        self.try_get_unchecked(at)
    }
}

pub(super) type Prepared<'q> = Query<'q, Postgres, PgArguments>;

pub(super) fn query<'q>(sql: &Sql) -> Prepared<'q> {
    sqlx::query(sql)
}

/// Binds all columns of a record, as the first nineteen values.
pub(super) fn with_record<'q>(sql: &Sql, record: &'q Record) -> Prepared<'q> {
    let row = Columns::of(record);
    query(sql)
        .bind(row.key)
        .bind(row.handle)
        .bind(row.realm)
        .bind(row.subject)
        .bind(row.revision)
        .bind(row.created)
        .bind(row.last_seen)
        .bind(row.idle_until)
        .bind(row.absolute_until)
        .bind(row.authenticated)
        .bind(row.stamp)
        .bind(row.level)
        .bind(row.remembered)
        .bind(row.transport)
        .bind(row.user_agent)
        .bind(row.address)
        .bind(row.format)
        .bind(row.checksum)
        .bind(row.data)
}
