use super::{Row, Value};
use sqlx::query::Query;
use sqlx::{Row as _, SqlStr, Sqlite, SqlitePool};

pub(super) async fn rows(
    pool: &SqlitePool,
    sql: SqlStr,
    values: &[Value<'_>],
) -> Result<Vec<Row>, sqlx::Error> {
    let rows = query(sql, values).fetch_all(pool).await?;
    rows.iter().map(|row| (0..row.len()).map(|column| row.try_get(column)).collect()).collect()
}

pub(super) async fn change(pool: &SqlitePool, sql: SqlStr, values: &[Value<'_>]) -> Result<u64, sqlx::Error> {
    Ok(query(sql, values).execute(pool).await?.rows_affected())
}

fn query<'q>(sql: SqlStr, values: &[Value<'q>]) -> Query<'q, Sqlite, <Sqlite as sqlx::Database>::Arguments> {
    values.iter().fold(sqlx::query(sql), |query, value| match *value {
        Value::Null => query.bind(None::<&str>),
        Value::Text(text) => query.bind(text),
        Value::Integer(integer) => query.bind(integer),
    })
}
