//! Floor 2: the workbench's state machine. It draws nothing and reaches for nothing.

pub mod text;
