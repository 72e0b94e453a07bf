#!/usr/bin/env python3
"""Keeps the files of corpus/TARGET that together reach most code: at most 150 files and 300 KB.
Build the target first, and run `cargo fuzz cmin TARGET`. Python 3.11, standard library."""

import subprocess
import sys
import tempfile
from pathlib import Path

FUZZ = Path(__file__).resolve().parent
MOST_FILES, MOST_BYTES = 150, 300_000


def reached(target):
    """What each file of the corpus reaches, out of libFuzzer's notes on a merge into nothing."""
    binary = next(FUZZ.glob(f"target/*/release/{target}"))
    corpus = FUZZ / "corpus" / target
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes"
        (into := Path(folder) / "into").mkdir()
        # Of the two kinds of merge, the one that notes all features of a file, not its new ones.
        subprocess.run([binary, "-set_cover_merge=1", f"-merge_control_file={notes}", into, corpus],
                       check=True, capture_output=True)
        lines = notes.read_text().splitlines()
    files = [Path(line) for line in lines[2:2 + int(lines[0])]]
    notes = (line.split(" ") for line in lines)
    return {files[int(note[1])]: {int(feature) for feature in note[2:]}
            for note in notes if note[0] == "FT"}


def prune(target):
    features = reached(target)
    # Eight features, for how often it is taken, make an edge of code. Edges come first.
    wanted = [{file: {feature // 8 for feature in its} for file, its in features.items()}, features]
    kept, size = [], 0
    for left in map(dict, wanted):
        done = set().union(*(left[file] for file in kept))
        while left and len(kept) < MOST_FILES:
            best = max(left, key=lambda file: (len(left[file] - done), -file.stat().st_size))
            new = left.pop(best) - done
            if not new:
                break
            if size + best.stat().st_size <= MOST_BYTES:
                kept.append(best)
                size += best.stat().st_size
                done |= new
    for file in (FUZZ / "corpus" / target).iterdir():
        if file not in kept:
            file.unlink()
    edges = [len(set().union(*(wanted[0][file] for file in files))) for files in (kept, wanted[0])]
    print(f"{target}: {len(kept)} files, {size} bytes, {edges[0]} of {edges[1]} edges")


if __name__ == "__main__":
    for target in sys.argv[1:]:
        prune(target)
