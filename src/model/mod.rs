//! Floor 0: the domain. Pure data and functions: no file, git, terminal, clock or randomness.

pub mod answer;
pub mod audit;
pub mod carry;
pub mod compare;
pub mod countersign;
pub mod coverage;
pub mod event;
pub mod evidence;
pub mod finding;
pub mod hash;
pub mod mute;
pub mod record;
pub mod replay;
pub mod score;
pub mod standard;
pub mod target;
pub mod time;
