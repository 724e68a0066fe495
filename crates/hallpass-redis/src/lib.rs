#![doc = include_str!("../README.md")]

mod builder;
mod cluster;
mod error;
mod fault;
mod feed;
mod inspect;
mod keys;
mod link;
mod many;
mod nodes;
mod purge;
mod reply;
mod route;
mod row;
mod script;
mod server;
mod slots;
mod store;
mod target;
mod throttle;

pub use builder::RedisStoreBuilder;
pub use error::SetupError;
pub use store::RedisStore;
pub use throttle::RedisThrottle;
