//! The statements of a transaction.

use super::Inner;
use super::lease::Lease;
use super::rows::{Prepared, query, with_record};
use crate::contract::{Locked, Rows, Transaction};
use crate::row::{Found, millis, time_or_past};
use hallpass_core::{Epoch, Realm, Record, SubjectKey, Timestamp};
use sqlx::Row;
use std::sync::Arc;

/// How often a user's row may be removed by a sweep between its making and its locking.
const ROUNDS: usize = 8;

/// A transaction at READ COMMITTED, whatever the pool's default: every statement sees what was committed before it.
#[derive(Debug)]
pub(crate) struct PostgresTransaction {
    lease: Lease,
    store: Arc<Inner>,
}

impl PostgresTransaction {
    pub(super) async fn begin(store: &Arc<Inner>, exclusive: bool) -> sqlx::Result<Self> {
        let begin = if exclusive { &store.begin_exclusive } else { &store.begin };
        Ok(Self { lease: Lease::begin(&store.pool, begin).await?, store: Arc::clone(store) })
    }

    async fn execute(&mut self, query: Prepared<'_>) -> sqlx::Result<u64> {
        Ok(query.execute(&mut *self.lease).await?.rows_affected())
    }

    async fn locked(&mut self, subject: &SubjectKey) -> sqlx::Result<Option<Locked>> {
        let lock = query(&self.store.sql.lock_subject)
            .bind(subject.realm().as_str())
            .bind(subject.subject().as_str());
        lock.fetch_optional(&mut *self.lease).await?.as_ref().map(Locked::read).transpose()
    }
}

impl Transaction for PostgresTransaction {
    async fn lock_subject(&mut self, subject: &SubjectKey) -> sqlx::Result<Locked> {
        // What reads `not_before` here began after the lock of `begin`, so that no raise can be missed.
        for _ in 0..ROUNDS {
            if let Some(locked) = self.locked(subject).await? {
                return Ok(locked);
            }
            let store = Arc::clone(&self.store);
            let make = query(&store.sql.make_subject);
            self.execute(make.bind(subject.realm().as_str()).bind(subject.subject().as_str())).await?;
        }
        Err(sqlx::Error::RowNotFound)
    }

    async fn raise_epoch(&mut self, subject: &SubjectKey, epoch: Epoch) -> sqlx::Result<()> {
        let raise = query(&self.store.sql.raise_epoch)
            .bind(subject.realm().as_str())
            .bind(subject.subject().as_str())
            .bind(&epoch.as_bytes()[..])
            .bind(self.store.set_clock());
        // The query borrows the epoch, which lives until here.
        raise.execute(&mut *self.lease).await.map(drop)
    }

    async fn lock_realm(&mut self, realm: &Realm) -> sqlx::Result<Option<Timestamp>> {
        let ask = query(&self.store.sql.not_before).bind(realm.as_str());
        let row = ask.fetch_optional(&mut *self.lease).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.map(time_or_past))
    }

    async fn set_not_before(&mut self, realm: &Realm, at: Timestamp) -> sqlx::Result<()> {
        let store = Arc::clone(&self.store);
        self.execute(query(&store.sql.set_not_before).bind(realm.as_str()).bind(millis(at))).await.map(drop)
    }

    async fn insert(&mut self, record: &Record) -> sqlx::Result<bool> {
        let store = Arc::clone(&self.store);
        Ok(self.execute(with_record(&store.sql.insert, record)).await? == 1)
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
        select.fetch_all(&mut *self.lease).await?.iter().map(Found::read).collect()
    }

    async fn overwrite(&mut self, id: i64, record: &Record) -> sqlx::Result<bool> {
        let store = Arc::clone(&self.store);
        match self.execute(with_record(&store.sql.overwrite, record).bind(id)).await {
            Ok(rows) => Ok(rows == 1),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn delete(&mut self, ids: &[i64]) -> sqlx::Result<()> {
        let store = Arc::clone(&self.store);
        self.execute(query(&store.sql.delete).bind(ids)).await.map(drop)
    }

    async fn note(&mut self, events: &[String]) -> sqlx::Result<()> {
        let store = Arc::clone(&self.store);
        let note = query(&store.sql.note).bind(events).bind(&*store.channel).bind(store.set_clock());
        self.execute(note).await.map(drop)
    }

    async fn commit(self) -> sqlx::Result<()> {
        self.lease.commit().await
    }

    async fn rollback(self) -> sqlx::Result<()> {
        self.lease.rollback().await
    }
}
