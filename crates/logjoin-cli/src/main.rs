//! The `logjoin` command.

mod allocator;

use std::process::ExitCode;

fn main() -> ExitCode {
    allocator::begin_again();
    logjoin_cli::run()
}
