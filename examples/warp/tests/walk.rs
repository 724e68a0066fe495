//! The demo as its users meet it.

example_walk::walk_tests!(env!("CARGO_BIN_EXE_example-warp"));
