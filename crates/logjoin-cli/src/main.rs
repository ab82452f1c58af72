//! The `logjoin` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    logjoin_cli::run()
}
