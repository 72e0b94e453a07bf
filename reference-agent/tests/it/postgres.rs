//! A Postgres of the test's own: on a free loopback port and in a temporary folder, gone when dropped.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, query_scalar, raw_sql};
use tempfile::TempDir;

/// What the tests sign in with; it must not turn up anywhere.
pub(crate) const PASSWORD: &str = "open-sesame-7Q";

/// `nobody`: a Postgres refuses to run as root.
const NOBODY: u32 = 65_534;

/// A server with one superuser, `shop`, whose password is [`PASSWORD`].
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    /// `None` while it is stopped.
    server: Mutex<Option<Child>>,
}

static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

impl Postgres {
    /// The server that tests share; the last to let go of it ends it.
    pub(crate) fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start_new());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// A server of one's own.
    pub(crate) fn start_new() -> Self {
        let programs = programs();
        let folder = TempDir::new().unwrap();
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        if geteuid().is_root() {
            for path in [folder.path(), &password] {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let new = Self { programs, folder, port, server: Mutex::new(None) };
        let made = new
            .program("initdb")
            .args(["--username=shop", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"])
            .args(["--no-sync", "--no-instructions"])
            .arg(format!("--pwfile={}", password.display()))
            .arg(new.data())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        new.start();
        new
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        let mut program = Command::new(self.programs.join(name));
        program.current_dir(self.folder.path());
        if geteuid().is_root() {
            program.uid(NOBODY).gid(NOBODY);
        }
        program
    }

    /// Starts it, also after [`Postgres::stop`], and waits until it answers.
    pub(crate) fn start(&self) {
        let mut server = self.server.lock().unwrap();
        assert!(server.is_none(), "it runs already");
        let log = self.folder.path().join("log");
        let mut child = self
            .program("postgres")
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=20"])
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        // A minute, for a machine that is busy.
        let ready = (0..3000).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            ready(&self.data()) || child.try_wait().unwrap().is_some()
        });
        let ended = child.try_wait().unwrap().is_some();
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        assert!(ready && !ended, "Postgres did not start:\n{}", said());
        *server = Some(child);
    }

    /// Stops it; connections break off.
    pub(crate) fn stop(&self) {
        if let Some(mut server) = self.server.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            // Its immediate shutdown: nothing here is worth saving.
            kill_process(Pid::from_child(&server), Signal::QUIT).unwrap();
            server.wait().unwrap();
        }
    }

    /// Where it is, for `user` with `password`.
    pub(crate) fn url(&self, user: &str, password: &str, database: &str) -> String {
        format!("postgres://{user}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// The url of its owner.
    pub(crate) fn own_url(&self) -> String {
        self.url("shop", PASSWORD, "postgres")
    }

    /// Waits until so many queries of a feed run.
    pub(crate) async fn wait_for_running(&self, expected: impl Fn(i64) -> bool) {
        let mut connection = PgConnection::connect(&self.own_url()).await.unwrap();
        let running = "SELECT count(*) FROM pg_stat_activity \
                       WHERE state = 'active' AND query LIKE 'FETCH%'";
        let mut polls = 0;
        while !expected(query_scalar(running).fetch_one(&mut connection).await.unwrap()) {
            // A minute, for a machine that is busy.
            polls += 1;
            assert!(polls < 600, "the queries that run are not as many as expected");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Runs statements as its owner.
    pub(crate) async fn run(&self, statements: &str) {
        let mut connection = PgConnection::connect(&self.own_url()).await.unwrap();
        raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether the server has written that it takes connections: line 8 of its pid file.
fn ready(data: &Path) -> bool {
    let pid_file = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    pid_file.lines().nth(7).is_some_and(|status| status.trim() == "ready")
}

/// The folder of its programs, installed the first time.
fn programs() -> PathBuf {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/postgres.sh");
    let found = Command::new(script).output().unwrap();
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    String::from_utf8(found.stdout).unwrap().trim().into()
}
