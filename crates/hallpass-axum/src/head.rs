//! A request as axum knows it: with the address of `ConnectInfo`, and the path from before a nest took its prefix off.

use axum::extract::{ConnectInfo, OriginalUri, Request};
use axum::http::Extensions;
use axum::http::request::Parts;
use hallpass_core::SessionSlot;
use hallpass_tower::HttpHead;
use std::net::SocketAddr;

pub(crate) fn of_parts(parts: &Parts) -> HttpHead<'_> {
    complete(HttpHead::from(parts), &parts.extensions)
}

pub(crate) fn of_request(request: &Request) -> HttpHead<'_> {
    complete(HttpHead::from(request), request.extensions())
}

/// The slot of the innermost layer.
pub(crate) fn slot(extensions: &Extensions) -> Option<&SessionSlot> {
    extensions.get()
}

fn complete<'a>(head: HttpHead<'a>, extensions: &'a Extensions) -> HttpHead<'a> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let head = head.or_peer(peer);
    match extensions.get::<OriginalUri>() {
        Some(OriginalUri(uri)) => head.with_uri(uri),
        None => head,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::Uri;
    use hallpass_core::RequestHead;
    use hallpass_tower::Peer;
    use std::net::IpAddr;

    #[test]
    fn the_address_is_the_connections_unless_the_application_knows_better() {
        let address = SocketAddr::from(([127, 0, 0, 1], 4000));
        let mut request = Request::builder().extension(ConnectInfo(address)).body(Body::empty()).unwrap();
        assert_eq!(of_request(&request).peer(), Some(address.ip()));
        let behind_a_proxy = IpAddr::from([192, 0, 2, 1]);
        request.extensions_mut().insert(Peer(behind_a_proxy));
        assert_eq!(of_request(&request).peer(), Some(behind_a_proxy));
    }

    #[test]
    fn the_path_is_the_one_that_the_client_asked_for() {
        let original = OriginalUri(Uri::from_static("/shop/orders?page=2"));
        let request = Request::get("/orders?page=2").extension(original).body(()).unwrap();
        assert_eq!(of_parts(&request.into_parts().0).path_and_query(), "/shop/orders?page=2");
    }
}
