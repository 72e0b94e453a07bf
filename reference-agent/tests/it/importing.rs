//! The file that `import` replaces: its owner, its mode, and what leads to it.

use std::fs::{self, Permissions};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use insta::assert_snapshot;
use tempfile::TempDir;

const OLD: &str = "id\tprice\tavailability\tproduct_slug\n1\t1.00 USD\tin_stock\ta/b\n";
const NEW: &str = "id\tprice\tavailability\tproduct_slug\n1\t2.00 USD\tin_stock\ta/b\n";

/// A user that is not the one who runs the tests, if that is root.
const NOBODY: u32 = 65534;

fn shop() -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("feed.tsv"), OLD).unwrap();
    fs::write(dir.path().join("new.tsv"), NEW).unwrap();
    fs::write(dir.path().join("rfq-agent.toml"), "feed.file = 'feed.tsv'").unwrap();
    dir
}

fn import(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rfq-agent"));
    command
        .args(["import", "new.tsv"])
        .current_dir(folder)
        .env_clear()
        .env("RFQ_AGENT_LOG", "warn");
    command
}

fn said(done: &Output) -> String {
    [&*done.stdout, &*done.stderr].map(String::from_utf8_lossy).concat()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// The files of the folder, those of the shop not counted.
fn left_over(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names.filter(|name| !["feed.tsv", "new.tsv", "rfq-agent.toml"].contains(&&**name)).collect()
}

#[test]
fn whoever_may_read_the_feed_served_may_read_the_new_one() {
    let dir = shop();
    let (served, new) = (dir.path().join("feed.tsv"), dir.path().join("new.tsv"));
    let who = |path: &Path| {
        let file = path.metadata().unwrap();
        (file.uid(), file.gid(), file.mode() & 0o7777)
    };
    for mode in [0o644, 0o640, 0o604] {
        fs::write(&served, OLD).unwrap();
        fs::set_permissions(&served, Permissions::from_mode(mode)).unwrap();
        fs::set_permissions(&new, Permissions::from_mode(0o600)).unwrap();
        if is_root() {
            chown(&served, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let before = who(&served);
        let done = import(dir.path()).output().unwrap();
        assert!(done.status.success(), "{}", said(&done));
        assert_eq!(fs::read_to_string(&served).unwrap(), NEW);
        assert_eq!(who(&served), before);
    }
    // Where there was none, it is as the one that is imported.
    fs::remove_file(&served).unwrap();
    assert!(import(dir.path()).output().unwrap().status.success());
    assert_eq!(who(&served).2, 0o600);
}

#[test]
fn a_feed_that_its_reader_could_not_read_is_not_put_in_place() {
    if !is_root() {
        eprintln!("not tested: only root may run a program as another user");
        return;
    }
    let dir = shop();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
    // Not everybody may look into the folder that it is built in.
    let program = dir.path().join("rfq-agent");
    fs::copy(env!("CARGO_BIN_EXE_rfq-agent"), &program).unwrap();
    let served = dir.path().join("feed.tsv");
    let import = |mode| {
        fs::set_permissions(&served, Permissions::from_mode(mode)).unwrap();
        let mut command = Command::new(&program);
        command
            .args(["import", "new.tsv"])
            .current_dir(dir.path())
            .env_clear()
            .env("RFQ_AGENT_LOG", "warn");
        command.uid(NOBODY).gid(NOBODY).output().unwrap()
    };
    let refused = import(0o600);
    assert!(!refused.status.success(), "{}", said(&refused));
    assert_snapshot!(String::from_utf8_lossy(&refused.stderr), @"rfq-agent: feed.tsv stays as it is; new.tsv is not imported: the feed that is served belongs to user 0 and group 0 (mode 600), who could not read the new one, as this user may not give it to them; import as its owner or as root");
    let refused = import(0o640);
    assert!(!refused.status.success(), "{}", said(&refused));
    assert_eq!(fs::read_to_string(&served).unwrap(), OLD);
    assert_eq!(left_over(dir.path()), ["rfq-agent"]);
    let done = import(0o644);
    assert!(done.status.success(), "{}", said(&done));
    assert_eq!(served.metadata().unwrap().mode() & 0o777, 0o644);
}

#[test]
fn a_link_stays_and_what_it_leads_to_is_replaced() {
    let dir = shop();
    let served = dir.path().join("feed.tsv");
    fs::create_dir(dir.path().join("releases")).unwrap();
    let release = dir.path().join("releases/v1.tsv");
    fs::rename(&served, &release).unwrap();
    symlink("releases/v1.tsv", &served).unwrap();
    let done = import(dir.path()).output().unwrap();
    assert!(done.status.success() && said(&done).contains("releases/v1.tsv"), "{}", said(&done));
    assert!(served.is_symlink());
    assert_eq!(fs::read_to_string(&release).unwrap(), NEW);
    assert_eq!(fs::read_dir(dir.path().join("releases")).unwrap().count(), 1);
    fs::remove_file(&release).unwrap();
    let refused = import(dir.path()).output().unwrap();
    assert!(!refused.status.success());
    assert_snapshot!(String::from_utf8_lossy(&refused.stderr), @"rfq-agent: feed.tsv is a link that leads to no file; mend or remove it: No such file or directory (os error 2)");
}

#[test]
fn a_report_that_nobody_reads_changes_nothing_of_the_work() {
    let dir = shop();
    // Nobody is there to read from the beginning.
    let run = |arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_rfq-agent"));
        command.args(arguments).current_dir(dir.path()).env_clear().env("RFQ_AGENT_LOG", "warn");
        let mut running = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let mut told = String::new();
        running.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        (running.wait().unwrap().code(), told)
    };
    let (code, told) = run(&["import", "new.tsv"]);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(fs::read_to_string(dir.path().join("feed.tsv")).unwrap(), NEW);
    assert_eq!(left_over(dir.path()), [""; 0]);
    let (code, told) = run(&["init", "new.tsv", "--dir", "made"]);
    assert!(code == Some(0) && dir.path().join("made/rfq-agent.toml").exists(), "{told}");
    // What fails does so as ever.
    let (code, told) = run(&["import", "none.tsv", "--dry-run"]);
    assert!(code == Some(1) && told.contains("none.tsv") && !told.contains("panicked"), "{told}");
}
