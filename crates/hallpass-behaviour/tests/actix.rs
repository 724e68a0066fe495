//! The table on actix-web, over the memory store.

use hallpass_behaviour::adapters::Actix;
use hallpass_behaviour::fixture::Memory;

hallpass_behaviour::behaviour_tests!(Actix, Memory);
