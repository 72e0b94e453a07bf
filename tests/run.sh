#!/usr/bin/env bash
# Installs what the tests need and runs all of them. Needs Rust; as root it installs the rest by
# itself (Debian and its kin), otherwise it says what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

FUZZ_SECONDS=${FUZZ_SECONDS:-10}
begun=$SECONDS

step() {
  printf '\n== %s (%d s)\n' "$1" "$((SECONDS - begun))"
  shift
  "$@"
}

need_package() { # WHAT PACKAGE
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "tests/run.sh needs $1: please install it (Debian package: $2)" >&2
    exit 1
  fi
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2"
}

need_command() { # COMMAND PACKAGE
  command -v "$1" >/dev/null || need_package "the command $1" "$2"
}

need_file() { # PATH PACKAGE
  [ -e "$1" ] || need_package "the file $1" "$2"
}

need_python_module() { # MODULE PACKAGE
  python3 -c "import $1" 2>/dev/null || need_package "the Python module $1" "$2"
}

need_cargo_command() { # CRATE VERSION
  cargo "${1#cargo-}" --version 2>/dev/null | grep -qF "$2" && return
  cargo install --quiet --locked "$1@$2"
}

install() {
  need_command git git
  need_command c++ g++
  need_command chromium chromium
  need_command chromedriver chromium-driver
  need_command curl curl
  need_command faketime faketime
  need_command openssl openssl
  need_command python3 python3
  need_command sqlite3 sqlite3
  need_file /usr/share/i18n/locales/en_US locales
  need_python_module ensurepip python3-venv
  need_command node nodejs
  need_cargo_command cargo-deny 0.20.2
  need_cargo_command cargo-fuzz 0.13.2
  tests/postgres.sh
}

lint() {
  cargo fmt --all --check
  cargo fmt --manifest-path fuzz/Cargo.toml --check
  cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
  # Each feature of the SDK on its own, too: it must build without the others.
  for features in "" http answer tower axum sign; do
    cargo clippy --locked --quiet -p rfq-sdk --lib --no-default-features --features "$features" -- -D warnings
  done
  cargo deny --locked --all-features check bans licenses sources
}

vectors() {
  python3 sdk/vectors/generate.py --check
  cargo test --locked -p rfq-sdk --test it vectors -- --nocapture
  cargo test --locked -p rfq-sdk --test it --release vectors -- --nocapture
  cargo test --locked -p rfq-sdk --test it --release bit_flips -- --nocapture
  node tests/vectors/verify.mjs
  python3 tests/vectors/verify.py
}

examples() {
  for example in sdk/examples/*.rs; do
    cargo run --locked --quiet -p rfq-sdk --example "$(basename "$example" .rs)"
  done
}

fuzz() (
  # The nightly-only flags of the sanitizer, on the stable toolchain.
  export RUSTC_BOOTSTRAP=1
  local target found
  for target in $(cargo fuzz list); do
    cargo fuzz run "$target" -- -runs=0
    # What it finds on the way goes aside, not into the committed corpus.
    found=$(mktemp -d)
    cargo fuzz run "$target" "$found" "fuzz/corpus/$target" -- \
      -max_total_time="$FUZZ_SECONDS" -dict="fuzz/dictionaries/$target.dict"
    rm -r "$found"
  done
)

step "Install what the tests need" install
step "Format, lints, licences" lint
step "Documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --all-features
step "Tests" cargo test --locked --workspace
step "Conformance vectors in Rust, Node and Python" vectors
step "Examples" examples
step "Fuzz targets: the corpus, then $FUZZ_SECONDS s each" fuzz
printf '\nAll passed in %d s.\n' "$((SECONDS - begun))"
