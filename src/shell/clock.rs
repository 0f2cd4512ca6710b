//! The clock.

use crate::error::{Error, Result};
use crate::model::time::Time;

/// Variable that replaces the clock, for tests and reproducible documents: a time such as 2026-01-31T12:00:00Z.
const VARIABLE: &str = "TOUCHSTONE_CLOCK";

/// Returns the time.
///
/// # Errors
/// Where the variable that replaces the clock holds no time, or the clock shows one that no calendar can hold.
pub fn now() -> Result<Time> {
    if let Some(text) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        let text = text.to_string_lossy().into_owned();
        return text.parse().map_err(|why| Error::usage(format!("{VARIABLE}: {why}.")));
    }
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs())
        .ok()
        .and_then(Time::from_unix)
        .ok_or_else(|| Error::could_not("The clock shows no time that a calendar can hold."))
}
