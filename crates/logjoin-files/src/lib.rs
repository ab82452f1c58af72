//! From paths to an [`Analysis`]: finds files and folders, tells logs from configurations, and carries their bytes from
//! [`logjoin_input`] to [`logjoin`], which do not know each other, on as many threads as rayon has.
//!
//! ```
//! use logjoin::Options;
//!
//! let dir = tempfile::tempdir().unwrap();
//! let line = r#"192.0.2.7 - - [21/Nov/2026:02:47:17 +0000] "GET /a HTTP/1.1" 502 157 "-" "curl/8.5.0""#;
//! std::fs::create_dir(dir.path().join("nginx")).unwrap();
//! std::fs::write(dir.path().join("nginx/access.log"), format!("{line}\n")).unwrap();
//!
//! let (analysis, problems) = logjoin_files::analyze(&[dir.path().to_owned()], &[], Options::default());
//! assert!(problems.is_empty());
//! assert_eq!(analysis.totals.failures, 1);
//! ```
//!
//! [`analyze_with`] tells how far it is, and can be broken off. [`Inputs`] is the same in steps: what was found, the
//! [`Plan`](logjoin::Plan), the analysis. Nothing is printed; what could not be read is a [`Problem`] beside the analysis of the
//! rest, and listed among its inputs.

mod inputs;
mod lockstep;
mod problem;
mod progress;
mod saved;
mod seek;
mod spare;

use std::ops::ControlFlow;
use std::path::PathBuf;

use logjoin::{Analysis, Options};

pub use inputs::{Inputs, version_ns};
pub use problem::{Problem, ProblemKind};
pub use progress::{Cancelled, Progress, Watch};
pub use saved::{RESULT_HEAD_BYTES, is_result, may_be_result};
pub use seek::Margin;

/// Analyses files and folders; `configs` are read as configurations whatever they look like. What could not be read is in the
/// second value; the rest was analysed.
pub fn analyze(paths: &[PathBuf], configs: &[PathBuf], options: Options) -> (Analysis, Vec<Problem>) {
    match analyze_with(paths, configs, options, &|_| ControlFlow::Continue(())) {
        Ok(all) => all,
        Err(Cancelled) => unreachable!("nobody breaks it off"),
    }
}

/// [`analyze`] under the eyes of the caller: `watch` is told how far reading is, then of each step of the judgement, and may
/// break it off. It is not called while files are looked for.
///
/// # Errors
///
/// [`Cancelled`] when `watch` asked for it.
pub fn analyze_with(
    paths: &[PathBuf],
    configs: &[PathBuf],
    options: Options,
    watch: &Watch<'_>,
) -> Result<(Analysis, Vec<Problem>), Cancelled> {
    let mut inputs = Inputs::find(paths, configs);
    let plan = inputs.plan(options);
    let analysis = inputs.analyze_watched(&plan, watch)?;
    Ok((analysis, inputs.problems))
}

/// The example of the crate's front page is a test too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct FrontPage;
