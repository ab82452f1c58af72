//! Files and folders in, analyses out.

mod examples;
