//! Why a reverse proxy answered 502, 503 or 504, from logs alone.

pub mod analysis;
pub mod signals;
pub mod vocabulary;

pub use analysis::Analysis;
pub use vocabulary::{CauseId, Mechanism, Origin};
