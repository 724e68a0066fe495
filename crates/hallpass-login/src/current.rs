use crate::denied::Denied;
use crate::{AuthUser, Authenticator};
use hallpass_core::{AuthLevel, Identity, SessionSlot, Subject};
use std::any::type_name;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// The user who is logged in on `slot`, fetched once a request; `None` if nobody is.
///
/// The user must exist, be enabled, and have the stamp that was current when the credentials were checked.
///
/// # Errors
///
/// When the session could not be opened or the users could not be asked. The layer then answers 503 whatever becomes
/// of this error.
pub async fn current_user<A: Authenticator>(
    slot: &SessionSlot,
    users: &A,
) -> Result<Option<Arc<A::User>>, Denied> {
    let Some(identity) = slot.open().await?.identity() else { return Ok(None) };
    user_of(slot, users, &identity).await
}

pub(crate) async fn user_of<A: Authenticator>(
    slot: &SessionSlot,
    users: &A,
    identity: &Identity,
) -> Result<Option<Arc<A::User>>, Denied> {
    if identity.level != AuthLevel::Full {
        return Ok(None);
    }
    // The one kept may be of another user, or from before the credentials were changed in this request.
    let kept = slot
        .remembered::<A::User>()
        .filter(|user| user.subject() == identity.subject && is_current(&**user, identity));
    let user = match kept {
        Some(user) => Some(user),
        None => fetch(slot, users, &identity.subject).await?,
    };
    let user = user.filter(|user| is_current(&**user, identity));
    if user.is_none() {
        slot.mark_stale();
    }
    Ok(user)
}

async fn fetch<A: Authenticator>(
    slot: &SessionSlot,
    users: &A,
    subject: &Subject,
) -> Result<Option<Arc<A::User>>, Denied> {
    match users.user(subject).await {
        Ok(Some(user)) if user.subject() != *subject => {
            tracing::error!(
                target: "hallpass",
                authenticator = type_name::<A>(),
                "the authenticator answered with another user than it was asked for"
            );
            slot.mark_unavailable();
            Err(Denied::Unavailable)
        }
        Ok(user) => {
            let user = user.map(Arc::new);
            if let Some(user) = &user {
                slot.remember(Arc::clone(user));
            }
            Ok(user)
        }
        Err(error) => {
            tracing::error!(
                target: "hallpass",
                authenticator = type_name::<A>(),
                error = &error as &dyn std::error::Error,
                "the users could not be asked"
            );
            slot.mark_unavailable();
            Err(Denied::Unavailable)
        }
    }
}

fn is_current(user: &impl AuthUser, identity: &Identity) -> bool {
    let same: bool = user.auth_stamp().as_bytes().ct_eq(identity.stamp.as_bytes()).into();
    same && user.is_enabled()
}

/// The subject that is logged in on `slot`, without asking for the user; `None` if nobody is.
///
/// It costs no look-up and sees a disabled or changed account only through the library's own calls that end sessions.
///
/// # Errors
///
/// When the session could not be opened.
pub async fn current_subject(slot: &SessionSlot) -> Result<Option<Subject>, Denied> {
    Ok(slot.open().await?.subject())
}

/// Whether the credentials of the login on `slot` were checked within `span`.
///
/// # Errors
///
/// [`Denied::NotLoggedIn`] if nobody is logged in, [`Denied::NotRecent`] if it was longer ago, or when the session
/// could not be opened.
pub async fn require_recent(slot: &SessionSlot, span: Duration) -> Result<(), Denied> {
    let session = slot.open().await?;
    let identity = session.identity().filter(|identity| identity.level == AuthLevel::Full);
    let identity = identity.ok_or(Denied::NotLoggedIn)?;
    if slot.manager().now().since(identity.authenticated) > span {
        return Err(Denied::NotRecent);
    }
    match session.is_still_live().await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Denied::NotLoggedIn),
        Err(error) => {
            tracing::error!(target: "hallpass", error = &error as &dyn std::error::Error, "a session could not be checked");
            slot.mark_unavailable();
            Err(Denied::Unavailable)
        }
    }
}
