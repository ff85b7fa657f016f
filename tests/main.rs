//! The integration tests, in one binary: one link, one name to run. Each module is a subject.

mod tidy;
