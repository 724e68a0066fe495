//! The table on warp, over the memory store.

use hallpass_behaviour::adapters::Warp;
use hallpass_behaviour::fixture::Memory;

hallpass_behaviour::behaviour_tests!(Warp, Memory);
