//! Sessions without a web framework around them.

use hallpass_core::{
    Attempt, AuthLevel, ClientInfo, LoginGrant, SessionManager, SessionSlot, Stamp, Subject,
};
use hallpass_testkit::Head;

/// Logs a user in and returns the cookie.
pub(crate) async fn log_in(node: &SessionManager, user: u32) -> String {
    let (slot, subject) = (slot(node, "POST", None), node.subject_key(Subject::from(user)));
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
    let head = Head::new(method);
    let head = cookie.map_or(head.clone(), |cookie| head.line("cookie", cookie));
    SessionSlot::new(&node.clone().into(), &head, None)
}
