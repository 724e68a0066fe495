//! The order of a login, and what it withstands.

mod order;
mod support;
mod within;
