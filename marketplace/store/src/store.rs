//! An open store.

use std::fmt;

use crate::backend::{DatabaseUrl, Db, NEWEST, OpenError};

/// What the marketplace remembers, in SQLite or in Postgres. Cheap to clone; clones share its
/// connections.
///
/// ```no_run
/// # async fn example() -> Result<(), rfq_store::OpenError> {
/// use rfq_store::Store;
///
/// let store = Store::open("sqlite:market.db").await?;
/// println!("{store:?} has the id {}", store.id());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Db,
    id: String,
    /// Without the password.
    shown: String,
}

impl Store {
    /// Opens `sqlite:PATH`, a file that is made if it is not there, or
    /// `postgres://USER:PASSWORD@HOST/DATABASE`, and brings its tables to this version.
    ///
    /// A database that has tables of something else is refused before anything of it is changed, and so is
    /// one of a version so new that this one could not use it. Of a SQLite file there should be one server
    /// at a time, beside commands that are soon done; a Postgres takes any number.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_url(url, true).await
    }

    /// As [`Store::open`], but of a store that is there already.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open_existing(url: &str) -> Result<Self, OpenError> {
        Self::open_url(url, false).await
    }

    async fn open_url(url: &str, create: bool) -> Result<Self, OpenError> {
        let url: DatabaseUrl = url.parse()?;
        let db = Db::open(&url, create).await?;
        let shown = url.to_string();
        let row = async {
            let row = db.fetch_optional("SELECT id, needs FROM store", Vec::new()).await?;
            row.map(|row| Ok((row.get("id")?, row.get("needs")?))).transpose()
        };
        match row.await {
            Ok(Some((_, found))) if found > NEWEST => {
                Err(OpenError::Newer { database: shown, found, known: NEWEST })
            }
            Ok(Some((id, _))) => Ok(Self { db, id, shown }),
            Ok(None) => Err(OpenError::Foreign {
                database: shown,
                reason: "the table store is empty".to_owned(),
            }),
            Err(error) => Err(OpenError::Database { database: shown, error }),
        }
    }

    /// What tells this store from every other: 32 hex digits. A copy has an id of its own, so that what
    /// follows the changes of the one does not take those of the other for their continuation.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Lets go of the database; what is under way is waited for.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

/// Where it is, without the password.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.shown)
    }
}
