//! The command line. Only here may errors be `anyhow`: they end the program.

mod banner;
mod feed;
mod init;
mod log;
mod serve;

use std::io;

use clap::{Parser, Subcommand};
use uuid::Uuid;

pub(crate) use init::init;
pub(crate) use serve::serve;

/// Answers requests for quotes (RFQs) from a retailer's own product data.
#[derive(Debug, Parser)]
#[command(name = "rfq-agent", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) log: log::LogArgs,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::InitArgs),
    Serve(serve::ServeArgs),
}

/// What the commands get from the machine, so that nothing below asks it.
pub(crate) struct Ambient {
    pub(crate) offer_id: fn() -> Uuid,
    pub(crate) secret_bytes: fn() -> io::Result<[u8; 32]>,
}
