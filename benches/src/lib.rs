//! Benchmarks and scorers.
