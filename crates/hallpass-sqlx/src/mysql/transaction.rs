//! The statements of a transaction.

use super::Inner;
use super::lease::{Lease, ROLLBACK};
use super::rows::{Prepared, bind_subject, bytes, for_each_part, query, with_record};
use crate::contract::{Locked, Rows, Transaction};
use crate::row::{Cells, Found, millis, time_or_past};
use hallpass_core::{Epoch, Realm, Record, SubjectKey, Timestamp};
use sqlx::mysql::MySqlRow;
use std::sync::Arc;

/// Under REPEATABLE READ, the default, a lock on a row that is not there keeps others from inserting near it, and a plain
/// read is as old as the first one. Whatever the pool is set to, this transaction is not.
const BEGIN: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION READ WRITE";

/// In full, so that `completion_type` changes nothing.
const COMMIT: &str = "COMMIT AND NO CHAIN NO RELEASE";

/// A transaction at READ COMMITTED. Dropped, its connection is closed.
#[derive(Debug)]
pub(crate) struct MySqlTransaction {
    lease: Lease,
    store: Arc<Inner>,
    noted: bool,
}

impl MySqlTransaction {
    pub(super) async fn begin(store: &Arc<Inner>) -> sqlx::Result<Self> {
        let mut lease = store.lease().await?;
        sqlx::raw_sql(BEGIN).execute(&mut *lease).await?;
        Ok(Self { lease, store: Arc::clone(store), noted: false })
    }

    async fn end(mut self, statement: &'static str) -> sqlx::Result<()> {
        sqlx::raw_sql(statement).execute(&mut *self.lease).await?;
        self.lease.give_back();
        Ok(())
    }

    async fn fetch(&mut self, query: Prepared) -> sqlx::Result<Vec<MySqlRow>> {
        query.fetch_all(&mut *self.lease).await
    }

    async fn execute(&mut self, query: Prepared) -> sqlx::Result<u64> {
        Ok(query.execute(&mut *self.lease).await?.rows_affected())
    }

    /// Holds off whoever raises the realm's `not_before`, and nobody else.
    async fn share_realm(&mut self, realm: &Realm) -> sqlx::Result<()> {
        let store = Arc::clone(&self.store);
        let share = || query(&store.sql.share_realm).bind(bytes(realm.as_str()));
        if self.fetch(share()).await?.is_empty() {
            self.execute(query(&store.sql.make_realm).bind(bytes(realm.as_str()))).await?;
            self.fetch(share()).await?;
        }
        Ok(())
    }
}

impl Transaction for MySqlTransaction {
    async fn lock_subject(&mut self, subject: &SubjectKey) -> sqlx::Result<Locked> {
        self.share_realm(subject.realm()).await?;
        let store = Arc::clone(&self.store);
        let lock = || bind_subject(query(&store.sql.lock_subject), subject);
        if let Some(row) = self.fetch(lock()).await?.first() {
            return Locked::read(row);
        }
        // A row that is not there has locked nothing. Making it locks it, also if somebody else was faster.
        self.execute(bind_subject(query(&store.sql.make_subject), subject)).await?;
        let rows = self.fetch(lock()).await?;
        Locked::read(rows.first().ok_or(sqlx::Error::RowNotFound)?)
    }

    async fn raise_epoch(&mut self, subject: &SubjectKey, epoch: Epoch) -> sqlx::Result<()> {
        let raise =
            query(&self.store.sql.raise_epoch).bind(epoch.as_bytes().to_vec()).bind(self.store.set_time());
        self.execute(bind_subject(raise, subject)).await.map(drop)
    }

    async fn lock_realm(&mut self, realm: &Realm) -> sqlx::Result<Option<Timestamp>> {
        let store = Arc::clone(&self.store);
        self.execute(query(&store.sql.own_realm).bind(bytes(realm.as_str()))).await?;
        let rows = self.fetch(query(&store.sql.read_realm).bind(bytes(realm.as_str()))).await?;
        let at = rows.first().map(|row| row.opt_int(0)).transpose()?.flatten();
        Ok(at.map(time_or_past))
    }

    async fn set_not_before(&mut self, realm: &Realm, at: Timestamp) -> sqlx::Result<()> {
        let set = query(&self.store.sql.set_not_before).bind(millis(at)).bind(bytes(realm.as_str()));
        self.execute(set).await.map(drop)
    }

    async fn insert(&mut self, record: &Record) -> sqlx::Result<bool> {
        let insert = with_record(&self.store.sql.insert, record);
        written(self.execute(insert).await)
    }

    async fn lock_rows(&mut self, rows: Rows<'_>) -> sqlx::Result<Vec<Found>> {
        let sql = &self.store.sql;
        let select = match rows {
            Rows::Key(key) => query(&sql.row_by_key).bind(key.as_bytes().to_vec()),
            Rows::Subject(subject) => bind_subject(query(&sql.rows_of_subject), subject),
            Rows::Expired(now, limit) => {
                query(&sql.rows_expired).bind(millis(now)).bind(i64::try_from(limit).unwrap_or(i64::MAX))
            }
            Rows::Earlier(realm, from, to) => {
                query(&sql.rows_earlier).bind(from).bind(to).bind(realm.as_str().as_bytes().to_vec())
            }
        };
        self.fetch(select).await?.iter().map(Found::read).collect()
    }

    async fn overwrite(&mut self, id: i64, record: &Record) -> sqlx::Result<bool> {
        let overwrite = with_record(&self.store.sql.overwrite, record).bind(id);
        written(self.execute(overwrite).await)
    }

    async fn delete(&mut self, ids: &[i64]) -> sqlx::Result<()> {
        for part in for_each_part(&self.store.sql.delete, ids, |query| query) {
            self.execute(part).await?;
        }
        Ok(())
    }

    async fn note(&mut self, events: &[String]) -> sqlx::Result<()> {
        for text in events {
            let note = query(&self.store.sql.note).bind(self.store.set_time()).bind(bytes(text));
            self.execute(note).await?;
        }
        self.noted |= !events.is_empty();
        Ok(())
    }

    async fn commit(self) -> sqlx::Result<()> {
        let noted = self.noted.then(|| Arc::clone(&self.store));
        self.end(COMMIT).await?;
        if let Some(store) = noted {
            store.noted.notify_one();
        }
        Ok(())
    }

    async fn rollback(self) -> sqlx::Result<()> {
        self.end(ROLLBACK).await
    }
}

/// Whether a row was written rather than refused because its key is taken.
pub(super) fn written(done: sqlx::Result<u64>) -> sqlx::Result<bool> {
    match done {
        Ok(rows) => Ok(rows == 1),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        Err(error) => Err(error),
    }
}
