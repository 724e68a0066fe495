//! Nanoseconds of one request through axum, in process, with and without sessions.

mod shared;

fn main() {
    shared::bench(&benches::axum::ENTRIES);
}
