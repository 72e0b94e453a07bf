#!/usr/bin/env python3
"""Runs the conformance vectors against a strict verifier written in Python.

    python3 verify.py [path to verify.json]

The verifier below shares no code with the one in Rust, the one in JavaScript or
the generator: it is written from the rules in sdk/vectors/README.md, so that a
mistake would have to be made several times over to go unseen.
Python 3.11, standard library only. Exit code 0 only if every vector passed or
is not applicable here.
"""

import hashlib
import hmac
import json
import re
import sys
from collections import Counter
from pathlib import Path

DEFAULT_PATH = Path(__file__).resolve().parents[2] / "sdk" / "vectors" / "verify.json"
ALL_ROWS = set(range(1, 74))
KNOWN_FLAGS = {
    "replay", "not_representable", "every_single_bit_flip", "milliseconds_hint",
    "unset_secret", "seed_body_undefined", "seed_body_object",
}
# Only these may be skipped: a body that is not bytes cannot be given to `verify`.
NOT_APPLICABLE_ROWS = {53, 54}
NOT_APPLICABLE_REASON = "not applicable: the API takes bytes, this body is not bytes"
MOST_LINES = 10  # printed for one failing vector: bit flips can fail by the hundred


# --- the strict verifier -----------------------------------------------------

# The characters Unicode calls White_Space. `str.isspace` counts four more.
WHITE_SPACE = set(
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
TIMESTAMP = re.compile(rb"[1-9][0-9]{0,11}")
SIGNATURE = re.compile(rb"[0-9A-Fa-f]{64}")
AUTHORIZATION = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([^ ].*)", re.DOTALL)


class BuildError(Exception):
    """The configured secret is refused; the argument is the cause."""


class Refused(Exception):
    """The request is refused; the argument is the cause."""


def check_secret(secret, scheme):
    if secret is None:
        raise BuildError("Unset")
    if secret == "":
        raise BuildError("Empty")
    if "\0" in secret:
        raise BuildError("ContainsNul")
    if secret.endswith("\n"):
        raise BuildError("TrailingNewline")
    if all(character in WHITE_SPACE for character in secret):
        raise BuildError("Blank")
    if len(secret) < 16:
        raise BuildError("TooShort")
    if scheme == "bearer":
        if not secret.isascii():
            raise BuildError("NonAscii")
        if any(ord(character) < 0x20 or ord(character) == 0x7F for character in secret):
            raise BuildError("ControlCharacter")
        if secret[0] == " " or secret[-1] == " ":
            raise BuildError("EdgeWhitespace")


class Verifier:
    """Built once from the configuration, then asked about each request."""

    def __init__(self, config):
        self.scheme = config["scheme"]
        if self.scheme not in ("hmac", "bearer"):
            raise ValueError(f"expected scheme hmac or bearer, got {self.scheme!r}")
        self.tolerance_ms = config["tolerance_s"] * 1000
        self.body_limit = config["body_limit"]
        # (name, key bytes, last millisecond at which it counts or None for ever)
        self.keys = [("current", self._key(config["secret"]), None)]
        for index, previous in enumerate(config["previous"]):
            key = self._key(previous["secret"])
            self.keys.append((f"previous:{index}", key, previous["not_after_ms"]))

    def _key(self, secret):
        check_secret(secret, self.scheme)
        return secret.encode("utf-8")

    def verify(self, now_ms, headers, body):
        """The name of the key that matched; raises Refused otherwise.
        `headers` are pairs of a name (str) and a value (bytes)."""
        check = self._verify_hmac if self.scheme == "hmac" else self._verify_bearer
        return check(now_ms, headers, body)

    def _verify_hmac(self, now_ms, headers, body):
        timestamps = values_of(headers, "x-productindex-timestamp")
        signatures = values_of(headers, "x-productindex-signature")
        if not timestamps or not signatures:
            raise Refused("Missing")
        if len(timestamps) > 1 or len(signatures) > 1:
            raise Refused("Duplicate")
        timestamp, signature = timestamps[0], signatures[0]
        if not TIMESTAMP.fullmatch(timestamp):
            raise Refused("BadTimestamp")
        if not SIGNATURE.fullmatch(signature):
            raise Refused("BadSignature")
        if now_ms < 0:
            raise Refused("Clock")
        age_ms = now_ms - int(timestamp) * 1000
        if age_ms > self.tolerance_ms:
            raise Refused("Stale")
        if -age_ms > self.tolerance_ms:
            raise Refused("Future")
        self._check_length(body)

        sent = bytes.fromhex(signature.decode("ascii"))

        def matches(key):
            genuine = hmac.new(key, timestamp + b"." + body, hashlib.sha256).digest()
            return hmac.compare_digest(genuine, sent)

        return self._matching_key(now_ms, matches)

    def _verify_bearer(self, now_ms, headers, body):
        values = values_of(headers, "authorization")
        if not values:
            raise Refused("Missing")
        if len(values) > 1:
            raise Refused("Duplicate")
        match = AUTHORIZATION.fullmatch(values[0])
        if not match:
            raise Refused("BadAuthorization")
        if now_ms < 0:
            raise Refused("Clock")
        # Digests have one length, so that comparing them does not tell the secret's.
        sent = hashlib.sha256(match[1]).digest()
        name = self._matching_key(
            now_ms, lambda key: hmac.compare_digest(hashlib.sha256(key).digest(), sent)
        )
        self._check_length(body)
        return name

    def _check_length(self, body):
        if len(body) > self.body_limit:
            raise Refused("TooLarge")

    def _matching_key(self, now_ms, matches):
        for name, key, not_after_ms in self.keys:
            is_live = not_after_ms is None or now_ms <= not_after_ms
            if is_live and matches(key):
                return name
        raise Refused("Mismatch")


def values_of(headers, lower_case_name):
    return [value for name, value in headers if name.lower() == lower_case_name]


# --- reading a vector --------------------------------------------------------


def header_bytes(value):
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value.encode("ascii")


def body_bytes(body):
    if "text" in body:
        return body["text"].encode("utf-8")
    if "hex" in body:
        return bytes.fromhex(body["hex"])
    if "repeat" in body:
        return bytes.fromhex(body["repeat"]) * body["count"]
    raise ValueError(f"expected a body with text, hex or repeat, got {body!r}")


def request_of(vector):
    given = vector["input"]
    headers = [(name, header_bytes(value)) for name, value in given["headers"]]
    return given["now_ms"], headers, body_bytes(given["body"])


def answer(verifier, request):
    try:
        return {"verdict": "ok", "key": verifier.verify(*request)}
    except Refused as refusal:
        return {"verdict": "refused", "cause": str(refusal)}


# --- running a vector --------------------------------------------------------


def run(vector):
    """A list of what went wrong, empty when the vector passed."""
    unknown = set(vector["flags"]) - KNOWN_FLAGS
    if unknown:
        return [f"expected flags this runner knows, got {', '.join(sorted(unknown))}"]
    try:
        verifier = Verifier(vector["config"])
    except BuildError as error:
        return compare(vector["expected"], {"verdict": "build_error", "cause": str(error)})
    request = request_of(vector)
    if "every_single_bit_flip" in vector["flags"]:
        return run_bit_flips(vector, verifier, request)
    problems = compare(vector["expected"], answer(verifier, request))
    if "replay" in vector["flags"]:
        again = compare(vector["expected"], answer(verifier, request))
        problems += [f"the second time: {problem}" for problem in again]
    return problems


def compare(expected, got):
    return [] if got == expected else [f"expected {show(expected)}, got {show(got)}"]


def show(outcome):
    return " ".join(str(value) for value in outcome.values())


def single_bit_flips(data):
    """Every neighbour of `data`, with the place of the flipped bit."""
    for index in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[index] ^= 1 << bit
            yield f"byte {index} bit {bit}", bytes(flipped)


def run_bit_flips(vector, verifier, request):
    now_ms, headers, body = request
    (timestamp_name, timestamp), (signature_name, signature) = headers

    def ask(timestamp=timestamp, signature=signature, body=body):
        pairs = [(timestamp_name, timestamp), (signature_name, signature)]
        return answer(verifier, (now_ms, pairs, body))

    if vector["expected"] != {"verdict": "refused", "cause": "any"}:
        return [f"expected the flag with `refused any`, got {show(vector['expected'])}"]
    unchanged = ask()
    if unchanged["verdict"] != "ok":
        # Otherwise every flip would be refused for a reason of its own.
        return [f"unchanged: expected ok, got {show(unchanged)}"]

    problems, flips = [], 0

    def expect(verdict, what, got):
        nonlocal flips
        flips += 1
        if got["verdict"] != verdict:
            problems.append(f"{what}: expected {verdict}, got {show(got)}")

    for place, raw in single_bit_flips(bytes.fromhex(signature.decode("ascii"))):
        expect("refused", f"decoded signature {place}", ask(signature=raw.hex().encode("ascii")))
    for place, text in single_bit_flips(signature):
        # Only the case of a hex letter may change: it spells the same 32 bytes.
        same_bytes = text.lower() == signature.lower()
        expect("ok" if same_bytes else "refused", f"signature text {place}", ask(signature=text))
    for place, text in single_bit_flips(timestamp):
        expect("refused", f"timestamp {place}", ask(timestamp=text))
    for place, raw in single_bit_flips(body):
        expect("refused", f"body {place}", ask(body=raw))

    every_flip = 32 * 8 + 64 * 8 + len(timestamp) * 8 + len(body) * 8
    if flips != every_flip:
        problems.append(f"expected {every_flip} flips, tried {flips}")
    print(f"tcId {vector['tcId']}: expanded into {flips} single bit flips")
    return problems


# --- running the file --------------------------------------------------------


def problems_of_file(document):
    """What makes the file as a whole unfit, whatever its vectors say."""
    problems = []
    if (document["contract"], document["version"]) != ("rfq-verify", 1):
        problems.append(f"expected contract rfq-verify version 1, "
                        f"got {document['contract']} version {document['version']}")
    missing = ALL_ROWS - {vector["row"] for vector in document["vectors"]}
    if missing:
        problems.append(f"expected a vector for each of {len(ALL_ROWS)} rows, missing rows "
                        f"{', '.join(str(row) for row in sorted(missing))}")
    counts = Counter(vector["tcId"] for vector in document["vectors"])
    for tc_id, count in counts.items():
        if count > 1:
            problems.append(f"expected each tcId once, got {tc_id} {count} times")
    return problems


def main():
    if len(sys.argv) > 2:
        sys.exit("usage: verify.py [path to verify.json]")
    path = Path(sys.argv[1]) if len(sys.argv) == 2 else DEFAULT_PATH
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        sys.exit(f"expected the vectors as JSON in {path}: {error}")

    passed, failed, skipped = 0, 0, []
    for problem in problems_of_file(document):
        failed += 1
        print(f"FAILED the file: {problem}")
    for vector in document["vectors"]:
        may_skip = vector["row"] in NOT_APPLICABLE_ROWS
        if may_skip and vector["expected"] == {"verdict": "not_representable"}:
            skipped.append(vector)
            continue
        try:
            problems = run(vector)
        except Exception as error:  # a broken vector or runner is a failure, not an abort
            problems = [f"expected an answer, got {type(error).__name__}: {error}"]
        if problems:
            failed += 1
            print(f"FAILED tcId {vector['tcId']}: {vector['comment']}")
            for problem in problems[:MOST_LINES]:
                print(f"       {problem}")
            if len(problems) > MOST_LINES:
                print(f"       and {len(problems) - MOST_LINES} more like these")
        else:
            passed += 1

    rows = {vector["row"] for vector in document["vectors"]}
    print(f"ran {len(document['vectors']) - len(skipped)} of {len(document['vectors'])} vectors, "
          f"{len(rows)} rows")
    for vector in skipped:
        print(f"skipped tcId {vector['tcId']}: {NOT_APPLICABLE_REASON}")
    print(f"{passed} passed, {failed} failed, {len(skipped)} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
