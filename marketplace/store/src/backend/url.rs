//! Which database, read from its URL.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use url::Url;

/// Which database. Its `Debug` and `Display` are without the password.
#[derive(Clone)]
pub(crate) enum DatabaseUrl {
    Sqlite(PathBuf),
    /// The options hold the password, and their `Debug` shows it.
    Postgres {
        options: Box<PgConnectOptions>,
        shown: String,
    },
}

/// Why a text is not the URL of a database. No variant holds any part of it, as it may hold a
/// password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Neither of the two databases.
    #[error("expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")]
    NoDatabase,
    /// A path that names no file.
    #[error("expected sqlite:PATH with the path of a file; it is made if it is not there")]
    NoFile,
    /// Not a URL, most likely because of a character in the password.
    #[error(
        "expected postgres://USER:PASSWORD@HOST/DATABASE; characters other than letters and digits \
         in the password must be percent-encoded, such as %23 for #"
    )]
    NotEncoded,
    /// A parameter that would be ignored, and logged.
    #[error("expected no parameters in the URL but {}", PARAMETERS.join(", "))]
    Parameter,
    /// An `sslmode` that there is not.
    #[error("expected an sslmode of {}", SSL_MODES.join(", "))]
    SslMode,
}

const PARAMETERS: [&str; 6] =
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "application_name"];
const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return sqlite(path);
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(DatabaseUrlError::NoDatabase);
        }
        let mut url = Url::parse(text).map_err(|_| DatabaseUrlError::NotEncoded)?;
        // What stands behind a `/`, `?` or `#` may be the rest of a password.
        if url.fragment().is_some()
            || url.path().contains('@')
            || url.path().matches('/').count() > 1
        {
            return Err(DatabaseUrlError::NotEncoded);
        }
        for (name, value) in url.query_pairs() {
            if !PARAMETERS.contains(&&*name) {
                return Err(DatabaseUrlError::Parameter);
            }
            if name == "sslmode" && !SSL_MODES.contains(&&*value) {
                return Err(DatabaseUrlError::SslMode);
            }
        }
        let options = PgConnectOptions::from_url(&url).map_err(|_| DatabaseUrlError::NotEncoded)?;
        // Without a host there is no password either, and none can be set.
        if url.password().is_some() {
            url.set_password(None).map_err(|()| DatabaseUrlError::NotEncoded)?;
        }
        url.set_query(None);
        Ok(Self::Postgres { options: Box::new(options), shown: url.into() })
    }
}

fn sqlite(path: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
    let path = path.strip_prefix("//").unwrap_or(path);
    // In memory each connection would have a database of its own.
    if path.is_empty() || path.starts_with(':') || path.contains(['\0', '?']) {
        return Err(DatabaseUrlError::NoFile);
    }
    Ok(DatabaseUrl::Sqlite(PathBuf::from(path)))
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres { shown, .. } => f.write_str(shown),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_everything_but_the_password() {
        let shown = [
            "sqlite:market.db",
            "sqlite:///var/lib/market.db",
            "postgres://market:hunter-2-hunter@db.example:5433/market?sslmode=require",
            "postgresql://market@db.example/market",
            "postgres:///market?host=/run/postgresql",
        ]
        .map(|text| format!("{:?}", text.parse::<DatabaseUrl>().unwrap()));
        insta::assert_debug_snapshot!(shown, @r#"
        [
            "sqlite:market.db",
            "sqlite:/var/lib/market.db",
            "postgres://market@db.example:5433/market",
            "postgresql://market@db.example/market",
            "postgres:///market",
        ]
        "#);
    }

    #[test]
    fn says_what_it_expected_and_repeats_nothing() {
        let wrong = [
            "",
            "mysql://root:hunter-2@db/market",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:market.db?mode=ro",
            "postgres://market:hunter#2@db/market",
            "postgres://market:hunter/2@db/market",
            "postgres://market@db/market?passwort=hunter-2",
            "postgres://market@db/market?sslmode=hunter-2",
            "postgres://market:hunter-2@db:port/market",
        ];
        let said: Vec<String> = wrong
            .iter()
            .map(|text| format!("{text}: {}", text.parse::<DatabaseUrl>().unwrap_err()))
            .collect();
        for (text, said) in wrong.iter().zip(&said) {
            let said = said.strip_prefix(text).unwrap();
            assert!(!said.contains("hunter"), "{said}");
        }
        insta::assert_debug_snapshot!(said, @r#"
        [
            ": expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE",
            "mysql://root:hunter-2@db/market: expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE",
            "sqlite:: expected sqlite:PATH with the path of a file; it is made if it is not there",
            "sqlite::memory:: expected sqlite:PATH with the path of a file; it is made if it is not there",
            "sqlite:market.db?mode=ro: expected sqlite:PATH with the path of a file; it is made if it is not there",
            "postgres://market:hunter#2@db/market: expected postgres://USER:PASSWORD@HOST/DATABASE; characters other than letters and digits in the password must be percent-encoded, such as %23 for #",
            "postgres://market:hunter/2@db/market: expected postgres://USER:PASSWORD@HOST/DATABASE; characters other than letters and digits in the password must be percent-encoded, such as %23 for #",
            "postgres://market@db/market?passwort=hunter-2: expected no parameters in the URL but sslmode, sslrootcert, sslcert, sslkey, host, application_name",
            "postgres://market@db/market?sslmode=hunter-2: expected an sslmode of disable, allow, prefer, require, verify-ca, verify-full",
            "postgres://market:hunter-2@db:port/market: expected postgres://USER:PASSWORD@HOST/DATABASE; characters other than letters and digits in the password must be percent-encoded, such as %23 for #",
        ]
        "#);
    }
}
