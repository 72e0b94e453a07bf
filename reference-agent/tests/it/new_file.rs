//! A file is there as a whole or not at all, and never in the place of another.

use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use rfq_reference_agent::new_file;

#[test]
fn what_is_there_stays_and_nothing_is_left_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file.toml");
    new_file::write(&path, 0o640, b"first").unwrap();
    let refused = new_file::write(&path, 0o640, b"second").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    let link = dir.path().join("link");
    symlink("nowhere", &link).unwrap();
    let refused = new_file::write(&link, 0o640, b"second").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists, "a link that leads nowhere is something");
    assert_eq!(dir.path().read_dir().unwrap().count(), 2);
}

#[test]
fn of_many_at_once_one_writes_and_its_content_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let contents: Vec<_> = (b'a'..=b'h').map(|letter| vec![letter; 100_000]).collect();
    let written = std::thread::scope(|scope| {
        let writers: Vec<_> = contents
            .iter()
            .map(|content| scope.spawn(|| new_file::write(&path, 0o600, content)))
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect::<Vec<_>>()
    });
    let writers: Vec<_> = (0..8).filter(|writer| written[*writer].is_ok()).collect();
    assert_eq!(writers.len(), 1, "{written:?}");
    assert!(std::fs::read(&path).unwrap() == contents[writers[0]], "it is not mixed");
    assert_eq!(dir.path().read_dir().unwrap().count(), 1);
}
