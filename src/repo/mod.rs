//! Floor 1: the audited repository, read from git objects; hostile input stops here.
pub mod display;
