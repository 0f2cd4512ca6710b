//! Floor 3: the views, from the workbench's state to a frame.

pub mod code;
pub mod theme;
