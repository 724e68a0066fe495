//! A store in memory for actix-session, which has none of its own: as a user would write it.

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::{Duration, OffsetDateTime};
use rand::distr::{Alphanumeric, SampleString};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

type State = HashMap<String, String>;

/// How long the keys are: as long as those of the stores that come with actix-session.
const KEY_LENGTH: usize = 64;

/// Sessions in a map behind a lock.
#[derive(Debug, Clone, Default)]
pub(super) struct MemoryStore(Arc<RwLock<HashMap<String, Entry>>>);

#[derive(Debug)]
struct Entry {
    state: State,
    expires: OffsetDateTime,
}

impl MemoryStore {
    fn read(&self) -> RwLockReadGuard<'_, HashMap<String, Entry>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<String, Entry>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, key: String, state: State, ttl: &Duration) {
        self.write().insert(key, Entry { state, expires: OffsetDateTime::now_utc() + *ttl });
    }
}

impl SessionStore for MemoryStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let now = OffsetDateTime::now_utc();
        let sessions = self.read();
        let live = sessions.get(key.as_ref()).filter(|entry| entry.expires > now);
        Ok(live.map(|entry| entry.state.clone()))
    }

    async fn save(&self, state: State, ttl: &Duration) -> Result<SessionKey, SaveError> {
        let key = Alphanumeric.sample_string(&mut rand::rng(), KEY_LENGTH);
        self.put(key.clone(), state, ttl);
        key.try_into().map_err(|error| SaveError::Other(anyhow::Error::new(error)))
    }

    async fn update(&self, key: SessionKey, state: State, ttl: &Duration) -> Result<SessionKey, UpdateError> {
        self.put(key.as_ref().to_owned(), state, ttl);
        Ok(key)
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> anyhow::Result<()> {
        if let Some(entry) = self.write().get_mut(key.as_ref()) {
            entry.expires = OffsetDateTime::now_utc() + *ttl;
        }
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> anyhow::Result<()> {
        self.write().remove(key.as_ref());
        Ok(())
    }
}
