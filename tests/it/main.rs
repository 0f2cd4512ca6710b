//! The one integration binary; a module per area.

mod repo_fixture;
mod repo_hostile;
mod repo_read;
mod repo_search;
