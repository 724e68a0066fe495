//! Binding records and reading rows.

use super::statements::{LONGEST_LIST, Listed};
use crate::names::Sql;
use crate::row::{Cells, Columns};
use hallpass_core::{Record, SubjectKey};
use sqlx::mysql::{MySqlArguments, MySqlRow};
use sqlx::query::Query;
use sqlx::{Encode, MySql, Row, Type};

impl Cells for MySqlRow {
    fn int(&self, at: usize) -> sqlx::Result<i64> {
        self.try_get(at)
    }

    fn opt_int(&self, at: usize) -> sqlx::Result<Option<i64>> {
        self.try_get(at)
    }

    fn small(&self, at: usize) -> sqlx::Result<i16> {
        self.try_get(at)
    }

    fn bytes(&self, at: usize) -> sqlx::Result<Vec<u8>> {
        self.try_get(at)
    }

    fn opt_bytes(&self, at: usize) -> sqlx::Result<Option<Vec<u8>>> {
        self.try_get(at)
    }
}

pub(super) type Prepared = Query<'static, MySql, MySqlArguments>;

pub(super) fn query(sql: &Sql) -> Prepared {
    sqlx::query(sql)
}

/// Binds all columns of a record, as the next nineteen values. Text is bound as bytes, to which no collation applies.
pub(super) fn with_record(sql: &Sql, record: &Record) -> Prepared {
    let row = Columns::of(record);
    query(sql)
        .bind(row.key.to_vec())
        .bind(row.handle.to_vec())
        .bind(bytes(row.realm))
        .bind(row.subject.map(bytes))
        .bind(row.revision)
        .bind(row.created)
        .bind(row.last_seen)
        .bind(row.idle_until)
        .bind(row.absolute_until)
        .bind(row.authenticated)
        .bind(row.stamp.map(<[u8]>::to_vec))
        .bind(row.level)
        .bind(row.remembered)
        .bind(row.transport)
        .bind(row.user_agent.map(bytes))
        .bind(row.address.as_deref().map(bytes))
        .bind(row.format)
        .bind(row.checksum.to_vec())
        .bind(row.data.to_vec())
}

/// Binds what a session keeps for good: key, handle, realm and subject.
pub(super) fn bind_session(query: Prepared, record: &Record) -> Prepared {
    let row = Columns::of(record);
    let query = query.bind(row.key.to_vec()).bind(row.handle.to_vec());
    query.bind(bytes(row.realm)).bind(row.subject.map(bytes))
}

/// Binds realm and subject.
pub(super) fn bind_subject(query: Prepared, subject: &SubjectKey) -> Prepared {
    query.bind(bytes(subject.realm().as_str())).bind(bytes(subject.subject().as_str()))
}

/// One statement for every part of a list that may be too long for one. The list is bound last.
pub(super) fn for_each_part<T>(
    listed: &Listed,
    values: &[T],
    first: impl Fn(Prepared) -> Prepared,
) -> Vec<Prepared>
where
    T: Clone + Send + Type<MySql> + for<'q> Encode<'q, MySql> + 'static,
{
    let part = |part: &[T]| {
        let (sql, count) = listed.of(part.len());
        let padded = part.iter().chain(std::iter::repeat(&part[part.len() - 1])).take(count);
        padded.fold(first(query(&sql)), |query, value| query.bind(value.clone()))
    };
    values.chunks(LONGEST_LIST).map(part).collect()
}

pub(super) fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}
