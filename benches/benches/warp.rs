//! Nanoseconds of one request through warp, in process, with and without sessions.

mod shared;

fn main() {
    shared::bench(&benches::warp::ENTRIES);
}
