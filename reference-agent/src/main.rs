//! `rfq-agent`: answers requests for quotes from a retailer's own product data.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.log.start();
    let done = match cli.command {
        Command::Init(init) => cli::init(&init, &ambient()),
        Command::Serve(serve) => cli::serve(&serve, &ambient()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "whatever the log level, this is why it ends")]
            {
                eprintln!("rfq-agent: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

/// What comes from the machine and nowhere else.
#[expect(clippy::disallowed_methods, reason = "the one place that asks for randomness")]
fn ambient() -> cli::Ambient {
    cli::Ambient {
        offer_id: uuid::Uuid::new_v4,
        secret_bytes: || {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
            Ok(bytes)
        },
    }
}
