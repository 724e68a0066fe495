//! Ending a user's logins, and everybody's.

use super::end::{delete, note_ends};
use super::retry::{Flow, Verdict, run};
use super::{Database, Rows, Transaction};
use crate::feed::wire;
use crate::row::Found;
use hallpass_core::{
    EndReason, Epoch, FeedEvent, Op, Realm, SessionHandle, StoreError, SubjectKey, SubjectRevoked, Timestamp,
    Which,
};

pub(crate) async fn revoke_subject<D: Database>(
    database: &D,
    subject: &SubjectKey,
    actor: Option<SessionHandle>,
    which: Which,
    reason: EndReason,
    op: Op,
) -> Result<SubjectRevoked, StoreError> {
    run(database, &RevokeSubject { subject, actor, which, reason, op }).await
}

struct RevokeSubject<'a> {
    subject: &'a SubjectKey,
    actor: Option<SessionHandle>,
    which: Which,
    reason: EndReason,
    op: Op,
}

impl Flow for RevokeSubject<'_> {
    type Answer = SubjectRevoked;

    async fn run<T: Transaction>(&self, tx: &mut T) -> sqlx::Result<Verdict<SubjectRevoked>> {
        let previous = tx.lock_subject(self.subject).await?.epoch;
        let mut rows = tx.lock_rows(Rows::Subject(self.subject)).await?;
        let acts = |row: &Found, actor| row.is_named(actor) && row.over(self.op.now).is_none();
        if self.actor.is_some_and(|actor| !rows.iter().any(|row| acts(row, actor))) {
            return Ok(Verdict::Abandon(SubjectRevoked::ActorGone));
        }
        let mut current = previous;
        if !matches!(self.which, Which::One(_)) {
            current = Epoch::from(self.op.id);
            tx.raise_epoch(self.subject, current).await?;
        }
        rows.retain(|row| is_meant(row, self.which));
        delete(tx, &rows).await?;
        let ended = note_ends(tx, &rows, self.reason, self.op.now).await?;
        Ok(Verdict::Commit(SubjectRevoked::Done { previous, current, ended }))
    }
}

fn is_meant(row: &Found, which: Which) -> bool {
    match which {
        Which::All => true,
        Which::AllBut(kept) => !row.is_named(kept),
        Which::One(handle) => row.is_named(handle),
    }
}

pub(crate) async fn raise_not_before<D: Database>(
    database: &D,
    realm: &Realm,
    at: Timestamp,
) -> Result<Timestamp, StoreError> {
    run(database, &RaiseNotBefore { realm, at }).await
}

struct RaiseNotBefore<'a> {
    realm: &'a Realm,
    at: Timestamp,
}

impl Flow for RaiseNotBefore<'_> {
    type Answer = Timestamp;

    const EXCLUSIVE: bool = true;

    async fn run<T: Transaction>(&self, tx: &mut T) -> sqlx::Result<Verdict<Timestamp>> {
        if let Some(known) = tx.lock_realm(self.realm).await?.filter(|known| *known >= self.at) {
            return Ok(Verdict::Abandon(known));
        }
        tx.set_not_before(self.realm, self.at).await?;
        let event = FeedEvent::NotBefore { realm: self.realm.clone(), at: self.at };
        tx.note(&wire::encode([&event])).await?;
        Ok(Verdict::Commit(self.at))
    }
}
