use super::{Row, Value};
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::query::Query;
use sqlx::types::Type;
use sqlx::{PgPool, Postgres, Row as _, SqlStr};

pub(super) async fn rows(pool: &PgPool, sql: SqlStr, values: &[Value<'_>]) -> Result<Vec<Row>, sqlx::Error> {
    let rows = query(sql, values).fetch_all(pool).await?;
    rows.iter().map(|row| (0..row.len()).map(|column| row.try_get(column)).collect()).collect()
}

pub(super) async fn change(pool: &PgPool, sql: SqlStr, values: &[Value<'_>]) -> Result<u64, sqlx::Error> {
    Ok(query(sql, values).execute(pool).await?.rows_affected())
}

fn query<'q>(
    sql: SqlStr,
    values: &[Value<'q>],
) -> Query<'q, Postgres, <Postgres as sqlx::Database>::Arguments> {
    values.iter().fold(sqlx::query(sql), |query, value| match *value {
        Value::Null => query.bind(None::<Inferred<'_>>),
        Value::Text(text) => query.bind(Inferred(text)),
        Value::Integer(integer) => query.bind(integer),
    })
}

/// A text whose type PostgreSQL infers from where it stands. Declared as `text`, it would turn a comparison with a
/// `citext` column into one that has no index.
struct Inferred<'a>(&'a str);

impl Type<Postgres> for Inferred<'_> {
    fn type_info() -> PgTypeInfo {
        // How the protocol writes "not declared".
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Inferred<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend(self.0.as_bytes());
        Ok(IsNull::No)
    }
}
