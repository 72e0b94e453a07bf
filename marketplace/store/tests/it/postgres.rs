//! A Postgres that the tests share, and those of tests that stop theirs: on a free loopback port and in
//! a temporary folder, gone when the tests have ended.

use std::fs::File;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use rustix::process::geteuid;
use tempfile::TempDir;

/// What the tests sign in with; it must not turn up anywhere.
pub(crate) const PASSWORD: &str = "open-sesame-7Q";

/// `nobody`: a Postgres refuses to run as root.
const NOBODY: u32 = 65_534;

/// Runs the server until its own standard input is closed, which happens when the tests have ended,
/// however they did; then ends it at once, as nothing here is worth saving unless it is told so.
const UNTIL_CLOSED: &str = r#"bin=$1; shift; "$bin" "$@" <&- & read word; kill -QUIT $!; wait
    [ "$word" = keep ] || rm -rf "$PWD""#;

/// A server with one superuser, `market`, whose password is [`PASSWORD`].
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    locale: &'static str,
    /// Holds its standard input.
    server: Child,
}

static SHARED: LazyLock<Postgres> = LazyLock::new(Postgres::start);

impl Postgres {
    pub(crate) fn shared() -> &'static Self {
        &SHARED
    }

    pub(crate) fn url(&self, password: &str, database: &str) -> String {
        format!("postgres://market:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// One that sorts otherwise than by bytes, unless the system cannot make such a one.
    pub(crate) fn locale(&self) -> &'static str {
        self.locale
    }

    /// One of a test's own.
    pub(crate) fn start() -> Self {
        let programs = programs();
        let folder = TempDir::new().unwrap().keep();
        let password = folder.join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        if geteuid().is_root() {
            chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
            chown(&password, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let made = program(&programs.join("initdb"), &folder)
            .args(["-D", "data", "--username=market", "--auth=scram-sha-256", "--pwfile=password"])
            .args(["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let locale = make_locale(&folder);
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let server = serve(&programs, &folder, port);
        Self { programs, folder, port, locale, server }
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn stop(&mut self) {
        self.server.stdin.take().unwrap().write_all(b"keep\n").unwrap();
        self.server.wait().unwrap();
    }

    /// Starts it again after [`Postgres::stop`], with what it had.
    pub(crate) fn start_again(&mut self) {
        self.server = serve(&self.programs, &self.folder, self.port);
    }
}

/// A program that runs in `folder` as somebody who may run a server.
fn program(name: &Path, folder: &Path) -> Command {
    let mut program = Command::new(name);
    program.current_dir(folder);
    if geteuid().is_root() {
        program.uid(NOBODY).gid(NOBODY);
    }
    program
}

/// Starts the server and waits until it takes connections.
fn serve(programs: &Path, folder: &Path, port: u16) -> Child {
    let log = folder.join("log");
    let mut server = program(Path::new("sh"), folder)
        .env("LOCPATH", folder)
        .args(["-c", UNTIL_CLOSED, "sh"])
        .arg(programs.join("postgres"))
        .args(["-D", "data", "-k"])
        .arg(folder)
        .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "fsync=off", "-c", "shared_buffers=32MB", "-c", "max_connections=200"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    // A minute, for a machine that is busy.
    let ready = (0..3000).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        is_ready(&folder.join("data")) || server.try_wait().unwrap().is_some()
    });
    let ended = server.try_wait().unwrap().is_some();
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    assert!(ready && !ended, "Postgres did not start:\n{}", said());
    server
}

/// A locale that the server finds with the variable `LOCPATH`.
fn make_locale(folder: &Path) -> &'static str {
    const EN_US: &str = "en_US.UTF-8";
    // Debian: the program is in libc-bin, its sources in locales.
    let arguments = ["--no-archive", "-i", "en_US", "-f", "UTF-8"];
    let made = Command::new("localedef").args(arguments).arg(folder.join(EN_US)).output();
    if made.is_ok_and(|made| made.status.success()) {
        return EN_US;
    }
    "C"
}

/// Whether the server has written that it takes connections: line 8 of its pid file.
fn is_ready(data: &Path) -> bool {
    let pid_file = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    pid_file.lines().nth(7).is_some_and(|status| status.trim() == "ready")
}

/// The folder of its programs, installed the first time.
fn programs() -> PathBuf {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/postgres.sh");
    let found = Command::new(script).output().unwrap();
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    String::from_utf8(found.stdout).unwrap().trim().into()
}
