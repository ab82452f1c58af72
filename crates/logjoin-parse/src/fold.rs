//! Events of several lines: which lines continue the one before.
