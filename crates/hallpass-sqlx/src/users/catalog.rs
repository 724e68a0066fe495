//! What the databases know of a table.

use super::name::{Dialect, Name, TableName};
use super::pool::{Row, Value};
use super::{Inner, UserTableError};
use std::sync::Arc;

/// A column, as its database describes it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) name: String,
    /// In lower case.
    pub(super) data_type: String,
    /// In characters; `None` if there is no limit.
    pub(super) max_length: Option<u64>,
    /// Whether no two rows can have the same value.
    pub(super) unique: bool,
}

/// The columns of the table; none if there is no such table.
pub(super) async fn columns(inner: &Inner) -> Result<Vec<Found>, UserTableError> {
    let dialect = inner.pool.dialect();
    let TableName { schema, table } = &inner.columns.table;
    let schema = schema.as_ref().map_or(Value::Null, |schema| Value::Text(schema.as_str()));
    let quoted = inner.columns.table.quoted(dialect);
    let values = match dialect {
        Dialect::Sqlite => vec![Value::Text(table.as_str()), schema],
        Dialect::Postgres => vec![Value::Text(&quoted)],
        Dialect::MySql => vec![schema, Value::Text(table.as_str())],
    };
    let rows = inner.pool.rows(inner.time_limit, &Arc::from(query(dialect)), &values).await?;
    Ok(rows.into_iter().map(found).collect())
}

/// Whether the database refuses what does not fit into a column, and does not cut it silently.
pub(super) async fn is_strict(inner: &Inner) -> Result<bool, UserTableError> {
    if inner.pool.dialect() != Dialect::MySql {
        return Ok(true);
    }
    let query = Arc::from("SELECT CONVERT(@@SESSION.sql_mode USING utf8mb4)");
    let rows = inner.pool.rows(inner.time_limit, &query, &[]).await?;
    Ok(rows.iter().flatten().flatten().any(|mode| mode.contains("STRICT_")))
}

impl Found {
    /// SQLite and MySQL do not distinguish upper and lower case in the names of columns.
    pub(super) fn is(&self, name: &Name, dialect: Dialect) -> bool {
        match dialect {
            Dialect::Postgres => self.name == name.as_str(),
            Dialect::Sqlite | Dialect::MySql => self.name.to_lowercase() == name.as_str().to_lowercase(),
        }
    }
}

fn found(row: Row) -> Found {
    let mut row = row.into_iter().map(Option::unwrap_or_default);
    let mut next = || row.next().unwrap_or_default();
    let (name, data_type, max_length, unique) = (next(), next(), next(), next());
    Found {
        name,
        data_type: data_type.to_lowercase(),
        max_length: max_length.parse().ok(),
        unique: unique == "1",
    }
}

/// A unique index has one column, or an expression of one, and is of all rows.
fn query(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT c.name, c.type, NULL, CASE WHEN
                 (c.pk = 1 AND NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(?1, ?2) k WHERE k.pk = 2))
                 OR EXISTS (SELECT 1 FROM pragma_index_list(?1, ?2) i WHERE i.\"unique\" AND NOT i.partial AND
                     (SELECT count(*) = 1 AND max(n.name) = c.name FROM pragma_index_info(i.name, ?2) n))
                 THEN '1' ELSE '0' END
             FROM pragma_table_xinfo(?1, ?2) c"
        }
        Dialect::Postgres => {
            "SELECT CAST(a.attname AS text), CAST(COALESCE(b.typname, t.typname) AS text),
                 CASE WHEN COALESCE(b.typname, t.typname) IN ('varchar', 'bpchar')
                     AND GREATEST(a.atttypmod, t.typtypmod) > 4
                     THEN CAST(GREATEST(a.atttypmod, t.typtypmod) - 4 AS text) END,
                 CASE WHEN EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid
                     AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts = 1
                     AND (i.indkey[0] = a.attnum OR (i.indkey[0] = 0 AND (
                         SELECT count(*) = 1 AND max(d.refobjsubid) = a.attnum FROM pg_depend d
                         WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                             AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid
                             AND d.refobjsubid > 0))))
                     THEN '1' ELSE '0' END
             FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                 LEFT JOIN pg_type b ON b.oid = NULLIF(t.typbasetype, 0)
             WHERE a.attrelid = to_regclass(CAST($1 AS text)) AND a.attnum > 0 AND NOT a.attisdropped"
        }
        Dialect::MySql => {
            "SELECT CONVERT(c.column_name USING utf8mb4), CONVERT(c.data_type USING utf8mb4),
                 CONVERT(c.character_maximum_length USING utf8mb4),
                 CASE WHEN EXISTS (SELECT 1 FROM information_schema.statistics s
                     WHERE s.table_schema = c.table_schema AND s.table_name = c.table_name
                         AND s.column_name = c.column_name AND s.non_unique = 0 AND s.seq_in_index = 1
                         AND NOT EXISTS (SELECT 1 FROM information_schema.statistics o
                             WHERE o.table_schema = s.table_schema AND o.table_name = s.table_name
                                 AND o.index_name = s.index_name AND o.seq_in_index = 2))
                     THEN '1' ELSE '0' END
             FROM information_schema.columns c
             WHERE c.table_schema = COALESCE(?, DATABASE()) AND c.table_name = ?"
        }
    }
}
