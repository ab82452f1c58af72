//! A [`crate::Report`] as bytes: for people, for programs, for code review. Texts come from files that anybody may have written; they
//! are escaped here, and nowhere before.

mod json;
mod sarif;
mod text;

pub use json::json;
pub use sarif::sarif;
pub use text::text;
