//! Login and logout for hallpass, for any web framework.

mod authenticator;
mod current;
mod denied;
mod guard;
mod login;
mod logout;
mod negotiate;
mod next;
#[cfg(feature = "argon2")]
pub mod password;
mod ticket;

pub use authenticator::{AuthUser, Authenticator};
pub use current::{current_subject, current_user, require_recent};
pub use denied::{Denied, find_authenticator, require_slot};
pub use guard::{Guard, HasRoles, find_subject, find_user};
pub use login::{Device, Keep, Login, LoginError};
pub use logout::LogoutEndpoint;
pub use negotiate::{Audience, LoginPrompt, audience, login_prompt};
pub use next::{Next, login_location};
pub use ticket::Authenticated;
