//! `rfq-agent` as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use rfq_sdk::{Secret, Signer};
use tempfile::TempDir;

use crate::http::{Connection, Response};
use crate::now;

/// A running agent, ended when dropped. Its working directory, with the data directory `data` in it, is
/// its own.
pub struct Agent {
    process: Child,
    address: SocketAddr,
    admin_address: SocketAddr,
    printed: String,
    log: Arc<Mutex<String>>,
    dir: Arc<TempDir>,
    signer: Signer,
}

impl Agent {
    /// Builds the binary, so that the first start does not take the time.
    pub fn build() {
        binary();
    }

    /// Starts the agent on a free port, with further `arguments`, and waits until it answers.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_in(Arc::new(TempDir::new().unwrap()), arguments)
    }

    /// As [`start`](Self::start), in a directory that may hold what an earlier agent left there.
    #[must_use]
    pub fn start_in(dir: Arc<TempDir>, arguments: &[&str]) -> Self {
        let command = command(dir.path(), arguments);
        Self::run(dir, command, arguments)
    }

    /// Starts the agent by a configuration in `dir`, which also says where its data is.
    #[must_use]
    pub fn start_configured(dir: &Arc<TempDir>, configuration: &str) -> Self {
        let arguments = ["--config", configuration];
        let mut command = Command::new(binary());
        command.arg("serve").args(arguments).env_clear().current_dir(dir.path());
        command.args(["--bind", "127.0.0.1:0", "--admin-bind", "127.0.0.1:0"]);
        Self::run(Arc::clone(dir), command, &arguments)
    }

    /// As [`start`](Self::start), by a shell that runs `script` first, which ends in `exec "$@"`.
    #[must_use]
    pub fn start_after(wrapper: &[&str], script: &str, arguments: &[&str]) -> Self {
        let dir = Arc::new(TempDir::new().unwrap());
        let agent = command(dir.path(), arguments);
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).args(["sh", "-c", script, "sh"]);
        command.arg(agent.get_program()).args(agent.get_args());
        command.current_dir(dir.path());
        Self::run(dir, command, arguments)
    }

    fn run(dir: Arc<TempDir>, mut command: Command, arguments: &[&str]) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = collect(process.stderr.take().unwrap());
        let mut printed = String::new();
        // The last line printed says that it answers.
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            printed.push_str(&line.unwrap());
            printed.push('\n');
            if printed.ends_with("Ctrl-C.\n") {
                break;
            }
        }
        let local =
            printed.split("curl -sS http://").nth(1).and_then(|rest| rest.split('/').next());
        let address = local.and_then(|address| address.parse().ok());
        let admin_address = printed
            .lines()
            .find_map(|line| line.trim().strip_prefix("Admin")?.trim().strip_prefix("http://"))
            .and_then(|rest| rest.split([' ', '/']).next()?.parse().ok());
        let (Some(address), Some(admin_address)) = (address, admin_address) else {
            thread::sleep(Duration::from_millis(100));
            panic!("the agent did not start:\n{printed}{}", text(&log));
        };
        let secret = printed
            .lines()
            .find_map(|line| line.trim().strip_prefix("Secret")?.trim().split(" (").next())
            .unwrap();
        // Seen as the process sees it, which may have a file system of its own.
        let root = PathBuf::from(format!("/proc/{}/root", process.id()));
        let secret = dir.path().join(secret);
        let secret = root.join(secret.strip_prefix("/").unwrap());
        let secret = std::fs::read_to_string(secret).unwrap();
        let secret = Secret::new(secret.lines().next().unwrap()).unwrap();
        let signer = if arguments.contains(&"bearer") {
            Signer::bearer(&secret).unwrap()
        } else {
            Signer::hmac(&secret)
        };
        Self { process, address, admin_address, printed, log, dir, signer }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its admin address listens.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// What it printed on standard output.
    #[must_use]
    pub fn printed(&self) -> &str {
        &self.printed
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        text(&self.log)
    }

    /// Waits until the log contains `text`, for at most five seconds.
    pub fn wait_for_log(&self, text: &str) {
        for _ in 0..100 {
            if self.log().contains(text) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("{text:?} is not in the log:\n{}", self.log());
    }

    /// Its working directory, to start another agent in with [`start_in`](Self::start_in).
    #[must_use]
    pub fn dir(&self) -> Arc<TempDir> {
        Arc::clone(&self.dir)
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The file with the secret, unless it was given one.
    #[must_use]
    pub fn secret_file(&self) -> PathBuf {
        self.data_dir().join("secret")
    }

    /// The head and body of a signed request with this body.
    #[must_use]
    pub fn signed(&self, body: &str) -> String {
        let headers = self.signer.sign(body.as_bytes(), now());
        let headers: String =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!(
            "POST /message:send HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n{headers}\r\n{body}",
            self.address,
            body.len()
        )
    }

    /// Asks with a signed request, on a connection of its own.
    #[must_use]
    pub fn ask(&self, body: &str) -> Response {
        self.send(self.signed(body).as_bytes())
    }

    /// Sends these bytes on a connection of their own.
    #[must_use]
    pub fn send(&self, bytes: &[u8]) -> Response {
        let mut connection = self.connect();
        connection.send(bytes);
        connection.response().unwrap()
    }

    /// Opens a connection.
    #[must_use]
    pub fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// The page or file of this path.
    #[must_use]
    pub fn get(&self, path: &str) -> Response {
        self.send(get(self.address, path).as_bytes())
    }

    /// What the admin address answers at this path.
    #[must_use]
    pub fn admin_get(&self, path: &str) -> Response {
        let mut connection = Connection::open(self.admin_address);
        connection.send(get(self.admin_address, path).as_bytes());
        connection.response().unwrap()
    }

    /// What the admin address answers to an empty POST to this path.
    #[must_use]
    pub fn admin_post(&self, path: &str) -> Response {
        let mut connection = Connection::open(self.admin_address);
        let address = self.admin_address;
        let request =
            format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\n\r\n");
        connection.send(request.as_bytes());
        connection.response().unwrap()
    }

    /// What the continue button of the page of this offer does.
    #[must_use]
    pub fn claim(&self, offer_id: &str) -> Response {
        let form = format!("offer={offer_id}");
        let request = format!(
            "POST /cart HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{form}",
            self.address,
            form.len()
        );
        self.send(request.as_bytes())
    }

    /// Opens a connection, if the agent is still there.
    #[must_use]
    pub fn try_connect(&self) -> Option<Connection> {
        Connection::try_open(self.address).ok()
    }

    /// Ends it at once, as the system does when memory is short.
    pub fn kill(&self) {
        self.signal("-KILL");
    }

    /// Asks it to stop, as a service manager does.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Asks it to read its feed again.
    pub fn hang_up(&self) {
        self.signal("-HUP");
    }

    /// Its process, as the system knows it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    fn signal(&self, signal: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Waits for its end; whether it succeeded.
    #[must_use]
    pub fn wait(&mut self) -> bool {
        self.process.wait().unwrap().success()
    }

    /// The most memory it has held, in bytes.
    #[must_use]
    pub fn peak_memory(&self) -> u64 {
        self.memory("VmHWM:")
    }

    /// The memory it holds now, in bytes.
    #[must_use]
    pub fn resident_memory(&self) -> u64 {
        self.memory("VmRSS:")
    }

    fn memory(&self, which: &str) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix(which)).unwrap();
        size.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs the agent with arguments that it cannot start with, and returns what it did.
#[must_use]
pub fn run_to_failure(arguments: &[&str]) -> Output {
    let dir = TempDir::new().unwrap();
    command(dir.path(), arguments).output().unwrap()
}

/// Runs the agent without arguments, in an environment that it cannot start with.
#[must_use]
pub fn run_to_failure_with(environment: &[(&str, &str)]) -> Output {
    let dir = TempDir::new().unwrap();
    let mut command = Command::new(binary());
    command.arg("serve").env_clear().envs(environment.iter().copied());
    command.current_dir(dir.path()).output().unwrap()
}

/// The command that starts the agent in `dir`; its data directory is `data` and its ports are free ones,
/// unless `arguments` name others.
#[must_use]
pub fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.arg("serve").args(arguments).env_clear().current_dir(dir);
    if !arguments.contains(&"--bind") {
        command.args(["--bind", "127.0.0.1:0"]);
    }
    if !arguments.contains(&"--admin-bind") {
        command.args(["--admin-bind", "127.0.0.1:0"]);
    }
    if !arguments.contains(&"--data-dir") {
        command.args(["--data-dir", "data"]);
    }
    command
}

/// Runs the binary with these arguments, in this directory, to its end.
#[must_use]
pub fn run_in(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).env_clear().current_dir(dir).output().unwrap()
}

fn get(address: SocketAddr, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n")
}

/// The binary under test, built in the profile of the test if it is not there or out of date.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let own = std::env::current_exe().unwrap();
        // target/PROFILE/deps/TEST
        let profile = own.parent().and_then(Path::parent).unwrap();
        let mut build = Command::new(env!("CARGO"));
        // All of this keeps libraries from being built again that `cargo test --workspace` has built.
        // They have the same features only for the whole workspace, and if a test is among what is built.
        build.args(["build", "--quiet", "--workspace", "--bin=rfq-agent", "--test=structure"]);
        // Build scripts that look at these run again when they change, and cargo sets them for a test.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                build.env_remove(name);
            }
        }
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
        let built = build.args(["--manifest-path", manifest]).status().unwrap();
        assert!(built.success(), "rfq-agent does not build");
        profile.join("rfq-agent")
    })
}

fn collect(stream: impl std::io::Read + Send + 'static) -> Arc<Mutex<String>> {
    let collected = Arc::new(Mutex::new(String::new()));
    let into = Arc::clone(&collected);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut text = into.lock().unwrap_or_else(PoisonError::into_inner);
            text.push_str(&line);
            text.push('\n');
        }
    });
    collected
}

fn text(log: &Mutex<String>) -> String {
    log.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
