//! Reading and changing the values of a session.

use super::{Change, Session, SessionError};
use crate::record::SessionData;
use serde_core::Serialize;
use serde_core::de::DeserializeOwned;
use std::sync::Mutex;

/// How often a change is computed against other tasks of the same request.
const ATTEMPTS: u32 = 64;

impl Session {
    /// The value named `name`; `None` if there is none. It is decoded here and now, and no other value is.
    ///
    /// # Errors
    ///
    /// [`SessionError::Decode`] when the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, SessionError> {
        self.with_data(|data| data.get(name).map(|bytes| decode(name, bytes)).transpose())
    }

    /// Whether there is a value named `name`.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.with_data(|data| data.get(name).is_some())
    }

    /// Sets the value named `name`, kept as JSON.
    ///
    /// # Errors
    ///
    /// When the name is not 1 to 255 bytes long, the value cannot be JSON, the session would grow over its limit, the
    /// answer has been given, or the request's bearer token opens nothing.
    pub fn insert<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), SessionError> {
        let value = encode(name, value)?;
        self.change(name, Change::Set(name.to_owned(), value))
    }

    /// Removes the value named `name`, if there is one.
    ///
    /// # Errors
    ///
    /// When the answer has been given.
    pub fn remove(&self, name: &str) -> Result<(), SessionError> {
        self.change(name, Change::Remove(name.to_owned()))
    }

    /// Computes the value named `name` from the one that is there, and returns it. Use it for whatever depends on the
    /// old value, such as a counter: if another request writes the session first, `compute` runs again on what that
    /// one has left, so that neither is lost.
    ///
    /// `compute` may therefore run several times, also after the handler has returned, and should do nothing but
    /// compute.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`insert`](Self::insert).
    pub fn update<T, F>(&self, name: &str, mut compute: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned,
        F: FnMut(Option<T>) -> T + Send + 'static,
    {
        let owned = name.to_owned();
        let recompute = move |old: Option<&[u8]>| {
            let old = old.map(|bytes| decode(&owned, bytes)).transpose()?;
            encode(&owned, &compute(old)).map(Some)
        };
        self.change(name, Change::Update(name.to_owned(), Mutex::new(Box::new(recompute))))?;
        let written = self.get(name)?;
        // Only another thread of the same request can have removed it since.
        written.ok_or(SessionError::Committed)
    }

    /// Removes all values. The session stays.
    ///
    /// # Errors
    ///
    /// When the answer has been given.
    pub fn clear(&self) -> Result<(), SessionError> {
        self.apply(Change::Clear)
    }

    fn change(&self, name: &str, change: Change) -> Result<(), SessionError> {
        if name.is_empty() || name.len() > SessionData::MAX_NAME {
            return Err(SessionError::Name);
        }
        self.apply(change)
    }

    /// Applies `change` to the data as they are, and keeps it for a replay. It runs outside of the lock, since it may
    /// call the application, which may use this session.
    fn apply(&self, mut change: Change) -> Result<(), SessionError> {
        for _ in 0..ATTEMPTS {
            let (seen, before) = self.snapshot();
            let after = change.apply(&before)?;
            if !after.is_empty() && !self.can_keep_values() {
                return Err(SessionError::NoSession);
            }
            self.check_size(&before, &after)?;
            let mut intent = self.slot().intent()?;
            if (intent.era, intent.log.len()) == seen {
                intent.data = Some(after);
                intent.log.push(change);
                return Ok(());
            }
        }
        Err(SessionError::Contended)
    }

    fn snapshot(&self) -> ((u64, usize), SessionData) {
        let seen = if self.slot().is_dirty() {
            let intent = self.slot().peek_intent();
            (intent.era, intent.log.len())
        } else {
            (0, 0)
        };
        (seen, self.with_data(SessionData::clone))
    }

    fn check_size(&self, before: &SessionData, after: &SessionData) -> Result<(), SessionError> {
        let policy = self.slot().manager().policy();
        let limit = if self.identity().is_some() { policy.max_data } else { policy.max_visitor_data };
        // What is there already may be over a limit that was lowered; it can still shrink.
        if after.len() > limit && after.len() > before.len() {
            return Err(SessionError::TooLarge { limit });
        }
        Ok(())
    }

    fn with_data<R>(&self, read: impl FnOnce(&SessionData) -> R) -> R {
        if let Some(changed) = self.changed_data() {
            return read(&changed);
        }
        match self.record() {
            Some(record) => read(&record.data),
            None => read(&SessionData::default()),
        }
    }

    fn changed_data(&self) -> Option<SessionData> {
        if !self.slot().is_dirty() {
            return None;
        }
        self.slot().peek_intent().data.clone()
    }
}

fn decode<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, SessionError> {
    serde_json::from_slice(bytes).map_err(|source| SessionError::Decode { name: name.to_owned(), source })
}

fn encode<T: Serialize + ?Sized>(name: &str, value: &T) -> Result<Vec<u8>, SessionError> {
    serde_json::to_vec(value).map_err(|source| SessionError::Encode { name: name.to_owned(), source })
}
