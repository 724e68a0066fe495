#![doc = include_str!("../README.md")]

mod builder;
mod error;
mod feed;
mod inspect;
mod keys;
mod link;
mod many;
mod reply;
mod row;
mod script;
mod server;
mod slots;
mod store;
mod target;

pub use builder::RedisStoreBuilder;
pub use error::SetupError;
pub use store::RedisStore;
