//! Nanoseconds of one request through actix-web, in process, with and without sessions.

mod shared;

fn main() {
    shared::bench(&benches::actix::ENTRIES);
}
