//! Floor 1: SSH signatures over records.
