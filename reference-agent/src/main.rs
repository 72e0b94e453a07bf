//! `rfq-agent`: answers requests for quotes from a retailer's own product data.

mod cli;

use std::io::{Write as _, stderr};
use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use rfq_reference_agent::responder::offer_id;

/// Gives back what a feed that was exchanged has taken.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.log.start();
    let done = match cli.command {
        Command::Init(init) => cli::init(&init, &ambient()),
        Command::Serve(serve) => cli::serve(&serve, &ambient()),
        Command::Import(import) => cli::import(&import, &ambient()),
        Command::Replay(replay) => cli::replay(&replay, &ambient()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whatever the log level, this is why it ends; if nobody reads it, the status says so too.
            let _ = writeln!(stderr(), "rfq-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What comes from the machine and nowhere else.
#[expect(clippy::disallowed_methods, reason = "the one place that asks for randomness")]
fn ambient() -> cli::Ambient {
    cli::Ambient {
        now: || rfq_sdk::Clock::now(&rfq_sdk::SystemClock),
        // From a generator in memory, without a system call.
        offer_id: || offer_id(rfq_sdk::Clock::now(&rfq_sdk::SystemClock), uuid::Uuid::new_v4()),
        secret_bytes: || {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
            Ok(bytes)
        },
    }
}
