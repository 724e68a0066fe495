//! The statements of a transaction.

use super::rows::{Prepared, query, with_record};
use super::{Inner, SqliteStore};
use crate::contract::{Locked, Rows, Transaction};
use crate::row::{Found, millis};
use hallpass_core::{Epoch, Realm, Record, SubjectKey, Timestamp};
use sqlx::{Row, Sqlite};
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// A transaction that holds SQLite's only lock for writing from its beginning, so that nothing it reads can change.
///
/// Dropped, it is rolled back by its connection's thread before anything else is done on that connection.
#[derive(Debug)]
pub(crate) struct SqliteTransaction {
    tx: sqlx::Transaction<'static, Sqlite>,
    store: Arc<Inner>,
    noted: bool,
    _turn: OwnedMutexGuard<()>,
}

impl SqliteTransaction {
    pub(super) async fn begin(store: &SqliteStore) -> sqlx::Result<Self> {
        let (turn, writer) = store.inner.writer.turn().await?;
        let tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Self { tx, store: Arc::clone(&store.inner), noted: false, _turn: turn })
    }

    async fn execute(&mut self, query: Prepared<'_>) -> sqlx::Result<u64> {
        Ok(query.execute(&mut *self.tx).await?.rows_affected())
    }
}

impl Transaction for SqliteTransaction {
    async fn lock_subject(&mut self, subject: &SubjectKey) -> sqlx::Result<Locked> {
        let store = Arc::clone(&self.store);
        let (realm, id) = (subject.realm().as_str(), subject.subject().as_str());
        self.execute(query(&store.sql.make_subject).bind(realm).bind(id)).await?;
        let row = query(&store.sql.read_subject).bind(realm).bind(id).fetch_one(&mut *self.tx).await?;
        Locked::read(&row)
    }

    async fn raise_epoch(&mut self, subject: &SubjectKey, epoch: Epoch) -> sqlx::Result<()> {
        let raise = query(&self.store.sql.raise_epoch)
            .bind(subject.realm().as_str())
            .bind(subject.subject().as_str())
            .bind(&epoch.as_bytes()[..])
            .bind(millis(self.store.now()));
        self.execute(raise).await.map(drop)
    }

    async fn lock_realm(&mut self, realm: &Realm) -> sqlx::Result<Option<Timestamp>> {
        let ask = query(&self.store.sql.not_before).bind(realm.as_str());
        let row = ask.fetch_optional(&mut *self.tx).await?;
        Ok(row.map(|row| row.try_get::<i64, _>(0)).transpose()?.map(crate::row::time_or_past))
    }

    async fn set_not_before(&mut self, realm: &Realm, at: Timestamp) -> sqlx::Result<()> {
        let set = query(&self.store.sql.set_not_before).bind(realm.as_str()).bind(millis(at));
        self.execute(set).await.map(drop)
    }

    async fn insert(&mut self, record: &Record) -> sqlx::Result<bool> {
        Ok(self.execute(with_record(&self.store.sql.insert, record)).await? == 1)
    }

    async fn lock_rows(&mut self, rows: Rows<'_>) -> sqlx::Result<Vec<Found>> {
        let sql = &self.store.sql;
        let select = match rows {
            Rows::Key(key) => query(&sql.row_by_key).bind(&key.as_bytes()[..]),
            Rows::Subject(subject) => {
                query(&sql.rows_of_subject).bind(subject.realm().as_str()).bind(subject.subject().as_str())
            }
            Rows::Expired(now, limit) => {
                query(&sql.rows_expired).bind(millis(now)).bind(i64::try_from(limit).unwrap_or(i64::MAX))
            }
            Rows::Earlier(realm, from, to) => {
                query(&sql.rows_earlier).bind(from).bind(to).bind(realm.as_str())
            }
        };
        select.fetch_all(&mut *self.tx).await?.iter().map(Found::read).collect()
    }

    async fn overwrite(&mut self, id: i64, record: &Record) -> sqlx::Result<bool> {
        match self.execute(with_record(&self.store.sql.overwrite, record).bind(id)).await {
            Ok(rows) => Ok(rows == 1),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn delete(&mut self, ids: &[i64]) -> sqlx::Result<()> {
        self.execute(query(&self.store.sql.delete).bind(format!("{ids:?}"))).await.map(drop)
    }

    async fn note(&mut self, events: &[String]) -> sqlx::Result<()> {
        for text in events {
            let note = query(&self.store.sql.note).bind(millis(self.store.now())).bind(text.clone());
            self.execute(note).await?;
        }
        self.noted |= !events.is_empty();
        Ok(())
    }

    async fn commit(self) -> sqlx::Result<()> {
        self.tx.commit().await?;
        if self.noted {
            self.store.noted.notify_one();
        }
        Ok(())
    }

    async fn rollback(self) -> sqlx::Result<()> {
        self.tx.rollback().await
    }
}
