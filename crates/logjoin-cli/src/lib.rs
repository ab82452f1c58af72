//! The parts of the `logjoin` program that other programs of this workspace use too: files in, [`logjoin::Analysis`] out.

pub mod engine;
