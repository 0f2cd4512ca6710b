//! Floor 0: the domain. Pure data and functions: no file, git, terminal, clock or randomness.

pub mod evidence;
pub mod hash;
pub mod time;
