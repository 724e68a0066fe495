//! The list of a user's sessions.

use super::{Login, LoginError};
use crate::{AuthUser, Authenticator};
use hallpass_core::{SessionHandle, SessionSummary};
use std::net::IpAddr;
use std::time::SystemTime;

/// One session of a user, for a list of devices. It holds no credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    summary: SessionSummary,
    current: bool,
}

impl Device {
    /// Its public name, to end it by.
    #[must_use]
    pub fn handle(&self) -> SessionHandle {
        self.summary.handle
    }

    /// Whether it is the session that asks.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.current
    }

    /// Whether it is remembered beyond the browser's session.
    #[must_use]
    pub fn is_remembered(&self) -> bool {
        self.summary.remembered
    }

    /// When it was created.
    #[must_use]
    pub fn created_at(&self) -> SystemTime {
        self.summary.created.into()
    }

    /// When the credentials were last checked.
    #[must_use]
    pub fn authenticated_at(&self) -> SystemTime {
        self.summary.authenticated.into()
    }

    /// When it was last used, as exactly as the policy's `touch_after`.
    #[must_use]
    pub fn last_seen_at(&self) -> SystemTime {
        self.summary.last_seen.into()
    }

    /// When it ends unless it is used.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.summary.idle_until.min(self.summary.absolute_until).into()
    }

    /// What the client called itself at login. Never trusted: escape it on pages.
    #[must_use]
    pub fn user_agent(&self) -> Option<&str> {
        self.summary.client.user_agent()
    }

    /// What it is called in a list, such as `Firefox on Linux`, as far as its [user agent](Self::user_agent) tells. Never
    /// trusted either: escape it on pages.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.summary.client.device_name()
    }

    /// Where it connected from at login.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.summary.client.address()
    }
}

impl<A: Authenticator> Login<A> {
    /// The live sessions of the user who is logged in, the most recently seen first.
    ///
    /// # Errors
    ///
    /// [`LoginError::NotLoggedIn`] if nobody is, or when users or store could not be asked.
    pub async fn devices(&self) -> Result<Vec<Device>, LoginError> {
        let subject = self.require_user().await?.subject();
        let current = self.session.handle();
        let sessions = self.session.slot().manager().sessions_of(subject).await.map_err(LoginError::Store)?;
        let listed = sessions.iter().any(|summary| Some(summary.handle) == current);
        if !listed && !self.session.is_still_live().await.map_err(LoginError::Store)? {
            return Err(LoginError::NotLoggedIn);
        }
        let device = |summary: SessionSummary| Device { current: Some(summary.handle) == current, summary };
        Ok(sessions.into_iter().map(device).collect())
    }
}
