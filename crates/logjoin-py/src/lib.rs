//! The Python package `logjoin`: files in, an analysis with typed attributes and Arrow tables out.
//!
//! Thin on purpose: what is worth testing without Python is in `logjoin` and `logjoin-files`.
//! `python/logjoin/_native.pyi` is the interface as Python sees it. Without the feature `extension-module` there is nothing
//! here, so that the workspace builds where there is no Python.

#[cfg(feature = "extension-module")]
mod native;
