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
    let files = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(files, 1, "nothing else is left behind");
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
