//! The program `lelp`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(lelp_cli::run(std::env::args_os()))
}
