#!/usr/bin/env bash
# Runs the tests that need the product data, which is not part of the project.
# Usage: tests/acceptance.sh DIR
set -euo pipefail
if [ ! -f "${1:-}/retail-products.jsonl.gz" ]; then
  echo "usage: tests/acceptance.sh DIR, where DIR holds retail-products.jsonl.gz" >&2
  exit 1
fi
RFQ_TEST_DATA=$(cd "$1" && pwd)
export RFQ_TEST_DATA
cd "$(dirname "$0")/.."
# Of the workspace, as the agent under test is built, so that both share the libraries.
cargo test --locked --release --workspace --features rfq-tests/acceptance --test acceptance -- --nocapture
