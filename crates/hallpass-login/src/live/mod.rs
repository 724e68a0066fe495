//! What stays open for as long as a session, and no longer: streamed bodies, event streams and WebSockets.

#[cfg(feature = "socket")]
mod socket;
mod until;

#[cfg(feature = "socket")]
pub use socket::{SessionSocket, SocketError, hold_socket};
pub use until::{UntilLoggedOut, until_logged_out};

use crate::authenticator::Authenticator;
use crate::current::current_user;
use crate::denied::{Denied, find_authenticator};
use hallpass_core::{Session, SessionSlot};

/// The session of the user who is logged in where the nearest layer carries an `A`, for what stays open as long as it.
///
/// # Errors
///
/// [`Denied::NotLoggedIn`], or as [`current_user`].
pub async fn require_session<A: Authenticator>(slot: Option<&SessionSlot>) -> Result<Session, Denied> {
    let (slot, users) = find_authenticator::<A>(slot)?;
    current_user(slot, users).await?.ok_or(Denied::NotLoggedIn)?;
    Ok(slot.open().await?)
}
