//! The secret file: made once, for its owner only.

use std::os::unix::fs::PermissionsExt as _;

use rfq_reference_agent::secret::{Provenance, SecretError, read, read_or_make};

#[test]
fn a_secret_is_made_once_and_readable_by_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data/secret");
    let (_, first) = read_or_make(&path, || Ok([0xab; 32])).unwrap();
    let (_, second) = read_or_make(&path, || Err(std::io::Error::other("not asked"))).unwrap();
    assert_eq!((first, second), (Provenance::Made, Provenance::Found));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", "ab".repeat(32)));
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let ignored = std::fs::read_to_string(dir.path().join("data/.gitignore")).unwrap();
    assert_eq!(ignored, "*\n", "a repository around it does not take the secret in");
}

#[test]
fn what_a_crash_left_behind_does_not_matter() {
    let dir = tempfile::tempdir().unwrap();
    let left = dir.path().join("secret.new0");
    std::fs::write(&left, "half a secr").unwrap();
    let path = dir.path().join("secret");
    assert_eq!(read_or_make(&path, || Ok([0xab; 32])).unwrap().1, Provenance::Made);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let mut names: Vec<_> =
        dir.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["secret", "secret.new0"], "nothing else is left behind");
    assert_eq!(std::fs::read_to_string(left).unwrap(), "half a secr");
}

#[test]
fn of_many_at_once_one_makes_the_secret_and_all_use_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data/secret");
    let made = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| read_or_make(&path, || Ok([0xab; 32])).unwrap().1))
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(made.iter().filter(|made| **made == Provenance::Made).count(), 1, "{made:?}");
}

#[test]
fn a_secret_that_cannot_be_kept_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let failed = read_or_make(&dir.path().join("file/secret"), || Ok([0; 32]));
    assert!(matches!(failed, Err(SecretError::File(_) | SecretError::Write(_))), "{failed:?}");
    let failed = read_or_make(&dir.path().join("secret"), || Err(std::io::Error::other("none")));
    assert!(matches!(failed, Err(SecretError::Random(_))), "{failed:?}");
    std::fs::write(dir.path().join("short"), "short\n").unwrap();
    assert!(matches!(read(&dir.path().join("short")), Err(SecretError::File(_))));
}
