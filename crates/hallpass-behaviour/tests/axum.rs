//! The table on axum, over the memory store.

use hallpass_behaviour::adapters::Axum;
use hallpass_behaviour::fixture::Memory;

hallpass_behaviour::behaviour_tests!(Axum, Memory);
