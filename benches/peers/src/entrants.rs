//! Who takes part: the frameworks alone, hallpass, and the peers.

use crate::peers;
use crate::row::{Kind, Row};
use benches::drive::Nothing;
use benches::{actix, axum, users, warp};

/// All of them, each with an empty store.
///
/// # Panics
///
/// Outside of a tokio runtime.
#[must_use]
pub fn all() -> Vec<Row> {
    frameworks().into_iter().chain(peers::all()).chain(hallpass()).collect()
}

/// Those whose `framework/name` contains `part`, and the frameworks alone, which they are compared with.
///
/// # Panics
///
/// Outside of a tokio runtime.
#[must_use]
pub fn matching(part: &str) -> Vec<Row> {
    let is_wanted = |row: &Row| !row.kind().has_sessions() || key(row).contains(part);
    all().into_iter().filter(is_wanted).collect()
}

/// What tells the rows apart: `framework/name`.
#[must_use]
pub fn key(row: &Row) -> String {
    format!("{}/{}", row.base().name(), row.name())
}

fn frameworks() -> Vec<Row> {
    let (bare, nothing) = ("bare", "a layer that does nothing");
    vec![
        Row::axum(bare, axum::bare()).of_kind(Kind::Bare),
        Row::axum(nothing, axum::nothing()).of_kind(Kind::Nothing),
        Row::axum(bare, axum::bare()).of_kind(Kind::Bare).in_runtime(),
        Row::actix(bare, async || actix::bare().0).of_kind(Kind::Bare),
        Row::actix(nothing, async || actix::nothing().0).of_kind(Kind::Nothing),
        Row::warp(bare, warp::bare()).of_kind(Kind::Bare),
        Row::warp(nothing, Nothing(warp::bare())).of_kind(Kind::Nothing),
    ]
}

fn hallpass() -> Vec<Row> {
    let layered = axum::layered(users::sessions());
    let around = axum::around(users::sessions());
    let for_actix = users::sessions();
    let on_actix = async move || actix::hallpass(for_actix.clone()).0;
    let on_warp = warp::hallpass(users::sessions());
    let rows = [
        Row::axum("hallpass, by Router::layer", layered),
        Row::axum("hallpass, around the router", around),
        Row::actix("hallpass", on_actix),
        Row::warp("hallpass", on_warp),
    ];
    rows.into_iter().map(|row| row.of_kind(Kind::Hallpass)).collect()
}
