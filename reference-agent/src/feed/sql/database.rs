//! Which database: read from its url, and shown without its password.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::postgres::Server;
use super::sqlite::SqliteFile;

/// Which database. Its `Debug` and `Display` are without the password.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Database {
    Sqlite(SqliteFile),
    Postgres(Box<Server>),
}

const EXPECTED: &str = "expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE";
const ESCAPES: &str = "expected postgres://USER:PASSWORD@HOST/DATABASE; characters other than \
                       letters and digits in the password must be percent-encoded, such as %23 for #";
/// What else a url may say. The driver would ignore, and log, any other.
const PARAMETERS: [&str; 7] =
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "options", "application_name"];
const PARAMETERS_EXPECTED: &str = "expected no parameters in the url but sslmode, sslrootcert, \
                                   sslcert, sslkey, host, options and application_name";
const MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
const MODES_EXPECTED: &str = "expected the sslmode disable, allow, prefer, require, verify-ca or \
                              verify-full";

impl TryFrom<String> for Database {
    type Error = &'static str;

    /// The errors hold no part of the url, as it may hold a password.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.contains('\0') {
                return Err(EXPECTED);
            }
            return Ok(Self::Sqlite(SqliteFile::new(PathBuf::from(path))));
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(EXPECTED);
        }
        let mut url = Url::parse(&text).map_err(|_| ESCAPES)?;
        // What stands behind a `/`, `?` or `#` may be the rest of a password.
        if url.fragment().is_some()
            || url.path().contains('@')
            || url.path().matches('/').count() > 1
        {
            return Err(ESCAPES);
        }
        for (name, value) in url.query_pairs() {
            if !PARAMETERS.contains(&&*name) {
                return Err(PARAMETERS_EXPECTED);
            }
            if name == "sslmode" && !MODES.contains(&&*value) {
                return Err(MODES_EXPECTED);
            }
        }
        let options = PgConnectOptions::from_url(&url).map_err(|_| ESCAPES)?;
        // A url without a host, of a socket, has no place for one.
        if url.password().is_some() {
            url.set_password(None).map_err(|()| ESCAPES)?;
        }
        url.set_query(None);
        Ok(Self::Postgres(Box::new(Server::new(options, url.into()))))
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => file.fmt(f),
            Self::Postgres(server) => server.fmt(f),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
