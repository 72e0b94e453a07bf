//! `rfq-store-copy FROM TO`.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use rfq_store::{Copied, Store, copy};

const MORE: &str = "\
A database is sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE. Without a password in the URL,
where other users of the machine can see it, the variable PGPASSWORD or the file ~/.pgpass is asked.
A HOST that is another machine must prove who it is by TLS; to allow less, add ?sslmode=require or
?sslmode=disable, and to name a root certificate, ?sslrootcert=PATH.

Stop the marketplace before, as what it writes to FROM meanwhile is not copied, and start it with TO
afterwards. The tables of both are brought to this version first. Everything arrives or nothing does,
and FROM keeps what it has, though its file must be writable. TO has an id of its own, so that who follows the changes begins again:
this is also how a backup is restored. The key file is not copied: the same one opens the secrets in
TO.";

/// Copies all that a marketplace remembers from one database into another, which must be empty
#[derive(Parser)]
#[command(name = "rfq-store-copy", version, after_help = MORE)]
struct Arguments {
    /// The database to read, which must be one of a marketplace
    from: String,
    /// The database to fill; a SQLite file is made if it is not there
    to: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without a backtrace, and nobody may be looking.
            let _ = writeln!(io::stderr(), "rfq-store-copy: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(Arguments { from, to }: Arguments) -> anyhow::Result<()> {
    let from = Store::open_existing(&from).await.context("cannot open FROM")?;
    let to = Store::open(&to).await.context("cannot open TO")?;
    let mut total = 0;
    let mut show = |Copied { table, rows, of }: Copied| {
        if rows == of {
            total += rows;
            let _ = writeln!(io::stderr(), "{table}: {rows} rows");
        }
    };
    copy(&from, &to, &mut show).await.context("cannot copy")?;
    to.close().await;
    from.close().await;
    // It is done, whoever reads of it.
    let _ = writeln!(io::stdout(), "Copied {total} rows, and counted them again.");
    Ok(())
}
