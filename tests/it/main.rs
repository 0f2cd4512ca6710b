//! The one integration binary; a module per area.

// Clippy knows tests by their attribute and takes their helpers for production code.
#![allow(clippy::unwrap_used)]

mod app_answers;
mod app_evidence;
mod app_keys;
mod app_move;
mod app_random;
mod app_record;
mod audit_fold;
mod cli_answer;
mod cli_finding;
mod cli_hostile;
mod cli_open;
mod cli_read;
mod code_view;
mod crash;
mod demo;
mod docs;
mod escapes;
mod export_files;
mod exporting;
mod frames;
mod fuzzed;
mod highlight;
mod hostile;
mod house;
mod journal;
mod print;
mod pseudo;
mod pty;
mod record;
mod record_fuzz;
mod repo_fixture;
mod repo_hostile;
mod repo_read;
mod repo_search;
mod schemas;
mod score_cases;
mod score_props;
mod screenshots;
mod sign_fuzz;
mod sign_keygen;
mod sign_signers;
mod sign_verify;
mod sign_wire;
mod standards;
mod support;
mod terminal;
mod workbench;
mod workshop;
