//! Ending everybody's logins: at once for whoever asks, and then row by row.

use super::SessionAdmin;
use super::subject::EndSubjectError;
use super::tasks::Certain;
use crate::event::{Event, EventKind};
use crate::ids::SessionHandle;
use crate::session::Session;
use crate::store::{Purged, StoreError};
use crate::time::Timestamp;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// About how many rows one step looks at.
const BATCH: usize = 1000;

impl SessionAdmin {
    /// Ends every login of this area at once: none whose credentials were checked before now counts from now on, the
    /// administrator's own included, and no login that has begun can finish. Other nodes follow in five seconds at the
    /// most. The reason of these ends is [`EndReason::EndedForAll`](crate::EndReason::EndedForAll).
    ///
    /// That is all that safety needs. The rows stay until they are used or run out, or until [`EndedLogins`] has removed them,
    /// which tells of each.
    ///
    /// ```
    /// use hallpass_core::{MemoryStore, SessionManager};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sessions = SessionManager::builder(MemoryStore::new()).build()?;
    /// let mut logins = sessions.admin().end_everybody().await?;
    /// // Everybody is logged out. What follows can be left out, or broken off.
    /// while logins.remove_some().await? {
    ///     println!("{} sessions removed", logins.removed());
    /// }
    /// # assert_eq!(logins.removed(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn end_everybody(&self) -> EndEverybody {
        let admin = self.clone();
        let work = async move {
            admin.check_actor().await?;
            let by = admin.actor.as_ref().and_then(Session::handle);
            admin.raise_not_before(by).await?;
            Ok(EndedLogins { admin, by, next: Some(0), removed: 0 })
        };
        EndEverybody(Certain::new(self.manager.0.tasks.clone(), work))
    }

    async fn raise_not_before(&self, by: Option<SessionHandle>) -> Result<(), StoreError> {
        let manager = &self.manager;
        let op = manager.op()?;
        // Logins of this very millisecond end too.
        let at = op.now + Duration::from_millis(1);
        let at: Timestamp =
            manager.limited(manager.0.store.raise_not_before(&manager.0.realm, at, op)).await?;
        manager.learn_not_before(at);
        let client = self.client();
        manager.tell(&Event { actor: by, client: Some(&client), ..manager.event(EventKind::EndedForAll) });
        Ok(())
    }

    /// One step from the place `from` on, finished though nobody waits for it any more.
    fn purge(&self, from: u64, by: Option<SessionHandle>) -> Certain<Result<Purged, StoreError>> {
        let admin = self.clone();
        Certain::new(self.manager.0.tasks.clone(), async move {
            let manager = &admin.manager;
            let op = manager.op()?;
            let purged = manager.limited(manager.0.store.purge(&manager.0.realm, from, BATCH, op)).await?;
            manager.tell_ended(&purged.ended, by, Some(&admin.client()));
            Ok(purged)
        })
    }
}

/// Ending everybody's logins. Begun at its first poll, it is finished though it be dropped.
///
/// # Errors
///
/// [`EndSubjectError::NotLoggedIn`] and [`EndSubjectError::ActorGone`] as for one user, and then nothing has happened;
/// [`EndSubjectError::Unavailable`] when the store did not confirm, and then it may or may not have: ask again.
#[derive(Debug)]
#[must_use = "nobody is logged out until it is awaited"]
pub struct EndEverybody(Certain<Result<EndedLogins, EndSubjectError>>);

impl Future for EndEverybody {
    type Output = Result<EndedLogins, EndSubjectError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

/// The rows of logins that [`SessionAdmin::end_everybody`] has ended. They count for nothing; removing them gives their room
/// back and tells of each.
#[derive(Debug)]
#[must_use = "the logins are over; dropping this leaves their rows until they run out"]
pub struct EndedLogins {
    admin: SessionAdmin,
    by: Option<SessionHandle>,
    next: Option<u64>,
    removed: usize,
}

impl EndedLogins {
    /// Removes those among the next thousand rows or so; whether there is more to look at. Several nodes may do this at
    /// once, and it may be broken off or repeated at any time.
    ///
    /// # Errors
    ///
    /// When the store did not confirm. The next call tries the same rows again.
    pub async fn remove_some(&mut self) -> Result<bool, StoreError> {
        let Some(from) = self.next else { return Ok(false) };
        let purged = self.admin.purge(from, self.by).await?;
        self.next = purged.next;
        self.removed += purged.ended.len();
        Ok(self.next.is_some())
    }

    /// How many have been removed so far.
    #[must_use]
    pub fn removed(&self) -> usize {
        self.removed
    }
}
