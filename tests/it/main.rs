//! The one integration binary; a module per area.

mod cli_open;
mod export_files;
mod repo_fixture;
mod repo_hostile;
mod repo_read;
mod repo_search;
mod support;
