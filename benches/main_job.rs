//! Benches of the main job.
fn main() {}
