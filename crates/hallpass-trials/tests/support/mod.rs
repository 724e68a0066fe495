//! Sessions without a web framework around them.

use hallpass_core::{
    Attempt, AuthLevel, ClientInfo, LoginGrant, RequestHead, SessionManager, SessionSlot, Stamp, Subject,
};
use std::net::IpAddr;

/// Logs a user in and returns the cookie.
pub(crate) async fn log_in(node: &SessionManager, user: u32) -> String {
    let (slot, subject) = (slot(node, "POST", None), Subject::from(user));
    let ticket = node.ticket(&subject).await.unwrap();
    let grant = LoginGrant {
        subject,
        stamp: Stamp::from(1),
        ticket,
        level: AuthLevel::Full,
        remembered: false,
        client: ClientInfo::default(),
        limit: node.policy().session_limit(),
        attempt: Attempt::default(),
    };
    slot.open().await.unwrap().log_in(grant).unwrap();
    let outcome = slot.commit().await;
    let line = outcome.set_cookies().next().expect("a login sets its cookie");
    line.split(';').next().unwrap().to_owned()
}

/// What a layer puts into a request with this cookie.
pub(crate) fn slot(node: &SessionManager, method: &'static str, cookie: Option<&str>) -> SessionSlot {
    SessionSlot::new(&node.clone().into(), &Head { method, cookie }, None)
}

struct Head<'a> {
    method: &'static str,
    cookie: Option<&'a str>,
}

impl RequestHead for Head<'_> {
    fn method(&self) -> &str {
        self.method
    }

    fn authority(&self) -> Option<&str> {
        None
    }

    fn path_and_query(&self) -> &str {
        "/"
    }

    fn peer(&self) -> Option<IpAddr> {
        None
    }

    fn for_each_value(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        if name == "cookie"
            && let Some(cookie) = self.cookie
        {
            visit(cookie.as_bytes());
        }
    }
}
