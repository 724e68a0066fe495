//! Login and logout for hallpass, for any web framework.
//!
//! An application implements [`Authenticator`] for the type that knows its users, and gives it to the session layer of
//! its framework's adapter. Handlers then get a [`Login`]:
//!
//! ```
//! use hallpass_login::{Authenticator, Login, LoginError};
//!
//! async fn handle_login<A: Authenticator>(login: Login<A>, credentials: A::Credentials) -> Result<(), LoginError> {
//!     // Checks the credentials; nobody is logged in yet.
//!     let authenticated = login.authenticate(credentials).await?;
//!     // Takes effect when the handler has answered.
//!     login.log_in(authenticated)
//! }
//!
//! async fn handle_logout<A: Authenticator>(login: Login<A>) -> Result<usize, hallpass_core::LogOutError> {
//!     // Has taken effect, everywhere and for good, when this returns `Ok`.
//!     let receipt = login.log_out().await?;
//!     Ok(receipt.sessions_ended)
//! }
//! ```
//!
//! The rest is what adapters share: who is logged in ([`current_user`]), who gets past ([`Guard`]), what somebody is told
//! who does not ([`Denied`]), and the ready-made [`LogoutEndpoint`].

mod authenticator;
mod clear_site_data;
mod current;
mod denied;
mod device;
mod guard;
mod live;
mod login;
mod logout;
mod negotiate;
mod next;
mod pageshow;
#[cfg(feature = "argon2")]
pub mod password;
mod ticket;
mod unavailable;

pub use authenticator::{AuthUser, Authenticator};
pub use clear_site_data::ClearSiteData;
pub use current::{current_subject, current_user, require_recent};
pub use denied::{Denied, find_authenticator, require_slot};
pub use guard::{Guard, HasRoles, find_recent_user, find_subject, find_user};
#[cfg(feature = "socket")]
pub use live::{SessionSocket, SocketError, hold_socket};
pub use live::{UntilLoggedOut, require_session, until_logged_out};
pub use login::{Device, Keep, Login, LoginError};
pub use logout::LogoutEndpoint;
pub use negotiate::{Audience, LoginPrompt, audience, login_prompt};
pub use next::{Next, login_location};
pub use pageshow::PAGESHOW_SCRIPT;
pub use ticket::Authenticated;
pub use unavailable::unavailable_page;
