#!/usr/bin/env python3
"""Writes verify.json, the conformance vectors for verifying an RFQ request.

    python3 generate.py            write verify.json beside this file
    python3 generate.py --check    exit 1 if verify.json on disk differs

This file is the only source of verify.json; README.md explains the format.
Python 3.11, standard library only. The output does not depend on the time,
on chance or on the machine.

How to read a case: `hmac_case` and `bearer_case` build a genuine request unless
told otherwise, so a case names only what is unusual about it. The positional
arguments are the tcId (it begins with the row's number), the comment that says
why the case exists, what a strict verifier answers and, for HMAC, what the
published Node snippet does: True, False, "throws", or None when not stated.
"""

import argparse
import base64
import gzip
import hashlib
import hmac
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

VECTORS_FILE = Path(__file__).resolve().parent / "verify.json"
ROWS = range(1, 74)
FLAGS = {
    "replay",
    "not_representable",
    "every_single_bit_flip",
    "milliseconds_hint",
    "unset_secret",
    "seed_body_undefined",
    "seed_body_object",
}

# --- what most cases share ---------------------------------------------------

NOW_S = 1_780_000_000
NOW = str(NOW_S)
NOW_MS = NOW_S * 1000
TOLERANCE_S = 300
BODY_LIMIT = 65_536

SECRET = "test-secret-0123456789abcdef"
PREVIOUS_SECRET = "test-previous-secret-0123456789"
OTHER_SECRET = "test-other-secret-0123456789"
TOKEN = "test-token-0123456789abcdef"

BODY = '{"jsonrpc":"2.0","id":"rfq-test-0001"}'
# BODY, compressed once and kept as hex: zlib versions compress differently.
GZIP_OF_BODY = bytes.fromhex(
    "1f8b0800000000000203ab56ca2acecf2b2a4856b25232d23350d251ca4c0132"
    "8bd20a754b528b4b740d0c0c0c956a01c40610de26000000"
)

TIMESTAMP_HEADER = "X-ProductIndex-Timestamp"
SIGNATURE_HEADER = "X-ProductIndex-Signature"

AS_SENT = object()  # "sign the timestamp and the body that are sent"


# --- values ------------------------------------------------------------------


@dataclass(frozen=True)
class Repeated:
    """A body of one byte many times over, so that the file stays small."""

    byte: int
    count: int


def to_bytes(value):
    """The bytes of a text (UTF-8), of bytes, or of a repeated byte."""
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, Repeated):
        return bytes([value.byte]) * value.count
    return value


def mac(timestamp, body, key=SECRET):
    """The raw HMAC-SHA256 over `timestamp.body`."""
    message = to_bytes(timestamp) + b"." + to_bytes(body)
    return hmac.new(to_bytes(key), message, hashlib.sha256).digest()


def sign(timestamp=NOW, body=BODY, key=SECRET):
    """The same as lower-case hex: what a sender puts into the header."""
    return mac(timestamp, body, key).hex()


G = sign()  # the genuine signature of BODY at NOW under SECRET


def seconds_from_now(seconds):
    return str(NOW_S + seconds)


# --- verdicts ----------------------------------------------------------------


def ok(key="current"):
    return {"verdict": "ok", "key": key}


def refused(cause):
    return {"verdict": "refused", "cause": cause}


def build_error(cause):
    return {"verdict": "build_error", "cause": cause}


NOT_REPRESENTABLE = {"verdict": "not_representable"}


# --- vectors -----------------------------------------------------------------


def header_json(name, value):
    raw = to_bytes(value)
    is_printable_ascii = all(0x20 <= byte <= 0x7E for byte in raw)
    return [name, raw.decode("ascii") if is_printable_ascii else {"hex": raw.hex()}]


def body_json(body):
    if body is None:
        return None
    if isinstance(body, str):
        return {"text": body}
    if isinstance(body, Repeated):
        return {"repeat": f"{body.byte:02x}", "count": body.count}
    return {"hex": body.hex()}


def vector(tc_id, comment, scheme, headers, body, expected, seed_node, *,
           secret, previous=(), now_ms=NOW_MS, tolerance_s=TOLERANCE_S,
           body_limit=BODY_LIMIT, flags=()):
    return {
        "tcId": tc_id,
        "row": int(re.match(r"[0-9]+", tc_id)[0]),
        "comment": comment,
        "flags": list(flags),
        "config": {
            "scheme": scheme,
            "secret": secret,
            "previous": [
                {"secret": text, "not_after_ms": not_after_ms}
                for text, not_after_ms in previous
            ],
            "tolerance_s": tolerance_s,
            "body_limit": body_limit,
        },
        "input": {
            "now_ms": now_ms,
            "headers": [header_json(name, value) for name, value in headers],
            "body": body_json(body),
        },
        "expected": expected,
        "seed_node": seed_node,
    }


def hmac_case(tc_id, comment, expected, seed_node, *, timestamp=NOW, body=BODY,
              signature=AS_SENT, headers=None, secret=SECRET, **rest):
    """A request under HMAC. None as timestamp or signature leaves that header out;
    `headers` replaces both."""
    if headers is None:
        if signature is AS_SENT:
            signature = sign(timestamp, body, secret)
        headers = [(TIMESTAMP_HEADER, timestamp), (SIGNATURE_HEADER, signature)]
        headers = [pair for pair in headers if pair[1] is not None]
    return vector(tc_id, comment, "hmac", headers, body, expected, seed_node,
                  secret=secret, **rest)


def bearer_case(tc_id, comment, expected, *, authorization=f"Bearer {TOKEN}",
                headers=None, secret=TOKEN, body=BODY, **rest):
    """A request under Bearer. The published page shows no code for it, so what
    its snippet does is never stated."""
    if headers is None:
        headers = [("Authorization", authorization)]
    return vector(tc_id, comment, "bearer", headers, body, expected, None,
                  secret=secret, **rest)


# --- the rows, in order ------------------------------------------------------


def genuine_requests():
    """Rows 1-7: what must be accepted, or the agent loses real business."""
    bom_body = b"\xef\xbb\xbf" + to_bytes(BODY)

    def with_names(timestamp_name, signature_name):
        return [(timestamp_name, NOW), (signature_name, G)]

    return [
        hmac_case("1a", "A genuine request is accepted.", ok(), True),
        hmac_case("1b", "A body with text outside ASCII is signed as its UTF-8 bytes.",
                  ok(), True, body='{"note":"caf\u00e9 \u2615"}'),
        hmac_case("2", "Exactly 300 s old is still inside the window.",
                  ok(), True, timestamp=seconds_from_now(-300)),
        hmac_case("3", "Exactly 300 s ahead is still inside the window.",
                  ok(), True, timestamp=seconds_from_now(300)),
        hmac_case("4", "An empty body is signed like any other: timestamp, period, nothing.",
                  ok(), True, body=""),
        hmac_case("5", "A byte order mark is part of the body; a text decoder that drops it "
                  "breaks the signature.", ok(), True, body=bom_body),
        hmac_case("6a", "Header names compare without case: all lower case, as HTTP/2 sends them.",
                  ok(), True, headers=with_names("x-productindex-timestamp",
                                                 "x-productindex-signature")),
        hmac_case("6b", "Header names compare without case: all upper case.",
                  ok(), True, headers=with_names("X-PRODUCTINDEX-TIMESTAMP",
                                                 "X-PRODUCTINDEX-SIGNATURE")),
        hmac_case("6c", "Header names compare without case: mixed.",
                  ok(), True, headers=with_names("x-ProductIndex-TIMESTAMP",
                                                 "X-productindex-Signature")),
        hmac_case("7", "The same request again inside the window: a verifier keeps no state, "
                  "so it accepts both; answering a replay harmlessly is idempotency's work.",
                  ok(), True, flags=["replay"]),
    ]


def outside_the_window():
    """Rows 8-10: the window is compared in milliseconds, on both sides."""
    return [
        hmac_case("8a", "301 s old is outside the window.",
                  refused("Stale"), False, timestamp=seconds_from_now(-301)),
        hmac_case("8b", "The window is checked before the MAC, so an old forgery is stale "
                  "and costs no hashing.", refused("Stale"), False,
                  timestamp=seconds_from_now(-301), signature=sign(key=OTHER_SECRET)),
        hmac_case("8c", "The configured tolerance counts, not a fixed 300 s (the snippet has "
                  "no such setting): 61 s old with 60 s tolerated.", refused("Stale"), True,
                  timestamp=seconds_from_now(-61), tolerance_s=60),
        hmac_case("9a", "301 s ahead is outside the window.",
                  refused("Future"), False, timestamp=seconds_from_now(301)),
        hmac_case("9b", "300.4 s ahead: a clock rounded to whole seconds would let it in.",
                  refused("Future"), False, timestamp=seconds_from_now(300),
                  now_ms=NOW_MS - 400),
        hmac_case("10a", "300.5 s old: a clock cut to whole seconds would let it in.",
                  refused("Stale"), False, timestamp=seconds_from_now(-300),
                  now_ms=NOW_MS + 500),
        hmac_case("10b", "One millisecond past the window is past the window.",
                  refused("Stale"), False, timestamp=seconds_from_now(-300),
                  now_ms=NOW_MS + 1),
    ]


def not_a_number():
    """Rows 11-13: parseInt gives NaN, no comparison with NaN is true, so the window
    never refuses, and a signature over `NaN.` would be good for ever."""
    over_nan = sign("NaN")
    return [
        hmac_case("11", "Without a timestamp the snippet checks no window and signs `NaN.`.",
                  refused("Missing"), True, timestamp=None, signature=over_nan),
        hmac_case("12", "An empty timestamp is NaN to the snippet.",
                  refused("BadTimestamp"), True, timestamp="", signature=over_nan),
        hmac_case("13", "A word as the timestamp is NaN to the snippet.",
                  refused("BadTimestamp"), True, timestamp="abc", signature=over_nan),
    ]


def loosely_read_timestamps():
    """Rows 14-22: parseInt reads NOW out of each, so one signature fits many texts.
    All carry G, the genuine signature of NOW."""

    def with_g(tc_id, comment, timestamp):
        return hmac_case(tc_id, comment, refused("BadTimestamp"), True,
                         timestamp=timestamp, signature=G)

    return [
        with_g("14", "Letters after the digits are not ignored.", f"{NOW}abc"),
        with_g("15", "A plus sign is not a digit.", f"+{NOW}"),
        with_g("16", "A verifier does not trim: leading space.", f" {NOW}"),
        with_g("17", "A verifier does not trim: byte A0, which Node reads as a no-break space "
               "and parseInt skips.", b"\xa0" + to_bytes(NOW)),
        with_g("18", "A verifier does not trim: trailing space.", f"{NOW} "),
        with_g("19", "A leading zero is a second spelling of the same number.", f"0{NOW}"),
        with_g("20", "A fraction is not ignored.", f"{NOW}.9"),
        with_g("21", "An underscore, which some languages allow inside a number, is not a digit.",
               f"{NOW}_000"),
        with_g("22", "One header with a list in it: a verifier does not take the first.",
               f"{NOW}, 1"),
    ]


def two_timestamps():
    """Row 23: Node joins them with a comma and parseInt takes the first."""
    return [
        hmac_case("23a", "Two timestamp headers, even identical, leave open which one was signed.",
                  refused("Duplicate"), True,
                  headers=[(TIMESTAMP_HEADER, NOW), (TIMESTAMP_HEADER, NOW),
                           (SIGNATURE_HEADER, G)]),
        hmac_case("23b", "Names that differ only in case are the same header, and duplicates are "
                  "refused before any value is read.", refused("Duplicate"), True,
                  headers=[(TIMESTAMP_HEADER, NOW), (SIGNATURE_HEADER, G),
                           ("x-productindex-timestamp", "abc")]),
    ]


def timestamps_signed_as_sent():
    """Rows 24-30 and 32-34: the sender did sign these very characters; the grammar
    refuses them all the same. Rows 32-34 are not stated for the snippet."""

    def signed_raw(tc_id, comment, timestamp, seed_node=False, **rest):
        return hmac_case(tc_id, comment, refused("BadTimestamp"), seed_node,
                         timestamp=timestamp, **rest)

    before_the_split = [
        signed_raw("24a", "A leading zero, signed as sent: raw text and re-printed number differ.",
                   f"0{NOW}"),
        signed_raw("24b", "The timestamp's format is checked before the signature's.",
                   f"0{NOW}", signature="z" * 64),
        signed_raw("25", "Exponents are not a timestamp.", "1e9"),
        signed_raw("26", "Hexadecimal is not a timestamp.", f"{NOW_S:#x}"),
        signed_raw("27", "Thirteen digits are milliseconds, the usual slip: worth a hint in "
                   "the log.", str(NOW_MS), flags=["milliseconds_hint"]),
        signed_raw("28", "Infinity is a number to a loose parser.", "Infinity"),
        signed_raw("29", "Timestamps before 1970 do not exist here.", f"-{NOW}"),
        signed_raw("30", "2^63 overflows a signed 64-bit integer.", str(2**63)),
    ]
    after_the_split = [
        signed_raw("32", "The smallest 64-bit integer: its absolute value overflows, and must "
                   "not stop the process.", str(-(2**63)), None),
        signed_raw("33", "Digits of another script (Arabic-Indic, UTF-8) are not ASCII digits.",
                   "".join(chr(0x0660 + int(digit)) for digit in NOW), None),
        signed_raw("34", "Zero is outside the grammar: the first digit is 1 to 9.", "0", None),
    ]
    return before_the_split, after_the_split


def shifted_split():
    """Row 31: one period joins timestamp and body, and both may hold more of them."""
    return [
        hmac_case("31", "The signed bytes are the same but the split between timestamp and body "
                  "has moved; only the timestamp's grammar notices.",
                  refused("BadTimestamp"), False,
                  timestamp=f'{NOW}.{{"v":"1', body='0"}', signature=sign(NOW, '{"v":"1.0"}')),
    ]


def absent_signature():
    """Row 35: a missing header must never mean a skipped check."""
    return [
        hmac_case("35a", "Without a signature nothing is verified.",
                  refused("Missing"), "throws", signature=None),
        hmac_case("35b", "Neither header at all.",
                  refused("Missing"), "throws", headers=[]),
        hmac_case("35c", "What is missing is named before what is doubled.",
                  refused("Missing"), "throws",
                  headers=[(TIMESTAMP_HEADER, NOW), (TIMESTAMP_HEADER, NOW)]),
    ]


def signatures_of_another_length():
    """Rows 36-41: the snippet's comparison throws when the lengths differ."""

    def malformed(tc_id, comment, signature):
        return hmac_case(tc_id, comment, refused("BadSignature"), "throws", signature=signature)

    return [
        malformed("36", "An empty signature is not an absent one.", ""),
        malformed("37", "63 characters: a comparison of the shorter length would accept a prefix.",
                  G[:-1]),
        malformed("38", "65 characters: nothing after the digits is ignored.", G + "0"),
        malformed("39", "No algorithm prefix, as other webhooks have it.", "sha256=" + G),
        malformed("40", "Hex, not base64.", base64.b64encode(mac(NOW, BODY)).decode("ascii")),
        malformed("41", "A verifier does not trim: leading space.", " " + G),
    ]


def two_signatures():
    """Row 42: Node joins them into one text of 130 characters."""
    return [
        hmac_case("42a", "Two signature headers, even identical, are refused.",
                  refused("Duplicate"), "throws",
                  headers=[(TIMESTAMP_HEADER, NOW), (SIGNATURE_HEADER, G),
                           (SIGNATURE_HEADER, G)]),
        hmac_case("42b", "Trying each of two signatures would let one be guessed beside the other.",
                  refused("Duplicate"), "throws",
                  headers=[(SIGNATURE_HEADER, sign(key=OTHER_SECRET)), (TIMESTAMP_HEADER, NOW),
                           ("x-productindex-signature", G)]),
    ]


def signatures_that_are_not_hex():
    """Rows 43-45: 64 characters long, but not 64 hex digits."""

    def malformed(tc_id, comment, signature, **rest):
        return hmac_case(tc_id, comment, refused("BadSignature"), False,
                         signature=signature, **rest)

    return [
        malformed("43a", "A hex prefix and 62 digits make 64 characters.", "0x" + G[:62]),
        malformed("43b", "The signature's format is checked before the window.", "0x" + G[:62],
                  timestamp=seconds_from_now(-301)),
        malformed("44a", "64 characters that are not hex: some decoders give an empty result.",
                  "z" * 64),
        malformed("44b", "A genuine prefix: some decoders stop at the first bad digit and then "
                  "compare what they have.", G[:62] + "zz"),
        malformed("45", "32 bytes E9: Node reads 32 characters, each two bytes in UTF-8, so 64 "
                  "bytes by one measure.", b"\xe9" * 32),
    ]


def accepted_here_refused_by_the_snippet():
    """Rows 46-47: genuine requests that the snippet turns away."""
    mixed_case = "".join(c.upper() if i % 2 else c for i, c in enumerate(G))
    return [
        hmac_case("46a", "Upper-case hex spells the same bytes.", ok(), False,
                  signature=G.upper()),
        hmac_case("46b", "So does mixed case.", ok(), False, signature=mixed_case),
        hmac_case("47", "A body that is not UTF-8 is signed byte for byte; decoding it to text "
                  "changes it.", ok(), False, body=b'{"note":"caf\xe9\xff"}'),
    ]


def other_bytes_were_signed():
    """Rows 48-51: the request is well formed but the MAC is of something else."""
    replaced = b"\xfe".decode("utf-8", errors="replace")
    hex_secret = "0123456789abcdef" * 4
    return [
        hmac_case("48", "One byte FE, signed as the replacement character U+FFFD: to a text "
                  "decoder all invalid bytes are alike.", refused("Mismatch"), True,
                  body=b"\xfe", signature=sign(body=replaced)),
        hmac_case("49", "The JSON was parsed and written again: same document, other bytes.",
                  refused("Mismatch"), False, body=json.dumps(json.loads(BODY)), signature=G),
        hmac_case("50", "A proxy appended a line end to the body.",
                  refused("Mismatch"), False, body=to_bytes(BODY) + b"\r\n", signature=G),
        hmac_case("51", "The key is the secret's text; a sender that decodes hex from it uses "
                  "another key.", refused("Mismatch"), False, secret=hex_secret,
                  signature=sign(key=bytes.fromhex(hex_secret))),
    ]


def every_bit():
    """Row 52: the runner expands this one request into all of its one-bit neighbours."""
    return [
        hmac_case("52", "One changed bit anywhere in signature, timestamp or body is refused, "
                  "unless it only changes the case of a hex letter.", refused("any"), None,
                  flags=["every_single_bit_flip"]),
    ]


def bodies_that_are_not_bytes():
    """Rows 53-54: in JavaScript any value prints as text, even a body nobody kept."""
    return [
        hmac_case("53", "No raw body was kept: the snippet verifies the word `undefined`.",
                  NOT_REPRESENTABLE, True, body=None, signature=sign(body="undefined"),
                  flags=["not_representable", "seed_body_undefined"]),
        hmac_case("54", "The body was already parsed: the snippet verifies `[object Object]`, "
                  "the same for every body.", NOT_REPRESENTABLE, True, body=None,
                  signature=sign(body="[object Object]"),
                  flags=["not_representable", "seed_body_object"]),
    ]


def secrets_refused_when_building():
    """Rows 55-61: a verifier that cannot be safe must not come into being.
    Each secret breaks one rule only. Rows 59-61 are not stated for the snippet."""

    def bearer_secret(tc_id, comment, cause, secret):
        # The request is TOKEN's: some of these secrets do not fit into a header.
        return bearer_case(tc_id, comment, build_error(cause), secret=secret)

    return [
        hmac_case("55", "An empty secret is a key that everybody has.",
                  build_error("Empty"), True, secret=""),
        hmac_case("56", "An unset secret (a forgotten variable) is found at start, not by the "
                  "first request.", build_error("Unset"), "throws", secret=None,
                  signature=G, flags=["unset_secret"]),
        hmac_case("57a", "HMAC pads its key with zeros, so a secret and the same secret with NUL "
                  "after it are one key.", build_error("ContainsNul"), True,
                  secret=SECRET + "\0", signature=G),
        hmac_case("57b", "NUL is refused anywhere, not only at the end.",
                  build_error("ContainsNul"), True, secret="test-secret\0-0123456789"),
        hmac_case("58a", "A newline that came along from a file gives another key than the "
                  "sender's.", build_error("TrailingNewline"), False,
                  secret=SECRET + "\n", signature=G),
        hmac_case("58b", "The same with a line end of two characters.",
                  build_error("TrailingNewline"), False, secret=SECRET + "\r\n", signature=G),
        hmac_case("59a", "15 characters: one fewer than the page asks for.",
                  build_error("TooShort"), None, secret="test-secret-015"),
        hmac_case("59b", "15 characters in 30 bytes of UTF-8: characters count, not bytes.",
                  build_error("TooShort"), None, secret="\u00e9" * 15),
        hmac_case("59c", "8 characters in 16 units of UTF-16: characters count, not units.",
                  build_error("TooShort"), None, secret="\U0001f511" * 8),
        bearer_secret("59d", "The length counts under Bearer too.",
                      "TooShort", "test-secret-015"),
        hmac_case("60a", "16 spaces are long enough but no secret.",
                  build_error("Blank"), None, secret=" " * 16),
        hmac_case("60b", "White space outside ASCII (U+3000) is white space too.",
                  build_error("Blank"), None, secret="\u3000" * 16),
        bearer_secret("61a", "A leading space does not survive a header: no request could match.",
                      "EdgeWhitespace", f" {TOKEN}"),
        bearer_secret("61b", "Nor does a trailing space.", "EdgeWhitespace", f"{TOKEN} "),
        bearer_secret("61c", "A control character cannot be sent in a header.",
                      "ControlCharacter", "test-token\x01-0123456789"),
        bearer_secret("61d", "DEL is a control character as well.",
                      "ControlCharacter", "test-token\x7f-0123456789"),
        bearer_secret("61e", "Outside ASCII, clients disagree about a header's bytes.",
                      "NonAscii", "test-t\u00f6ken-0123456789"),
    ]


def secrets_accepted():
    """Rows 62-63: unusual secrets, and previous ones that are still good."""
    rotation = {"previous": [(PREVIOUS_SECRET, NOW_MS + 60_000)]}
    previous_g = sign(key=PREVIOUS_SECRET)
    return [
        hmac_case("62a", "A secret over 64 bytes, HMAC's block, is hashed first; a home-made HMAC "
                  "often is not.", ok(), None, secret="test-secret-0123456789abcdef-" * 3),
        hmac_case("62b", "Exactly 16 characters, the other end, are enough.",
                  ok(), None, secret="test-secret-0016"),
        hmac_case("62c", "Outside ASCII the key is the secret's UTF-8 bytes.",
                  ok(), None, secret="test-secr\u00e9t-0123456789"),
        hmac_case("62d", "Under HMAC edge white space is part of the key: a verifier does not "
                  "trim.", ok(), None, secret=f" {SECRET} "),
        hmac_case("63a", "A previous secret is good until its not-after, so that rotating loses no "
                  "request.", ok("previous:0"), None, signature=previous_g, **rotation),
        hmac_case("63b", "At its not-after to the millisecond it is still good.",
                  ok("previous:0"), None, signature=previous_g,
                  previous=[(PREVIOUS_SECRET, NOW_MS)]),
        hmac_case("63c", "The current secret is good beside a previous one.",
                  ok(), None, **rotation),
        bearer_case("63d", "Previous secrets count under Bearer too.", ok("previous:0"),
                    authorization=f"Bearer {PREVIOUS_SECRET}", **rotation),
    ]


def bearer_accepted():
    """Row 64: the scheme's name has no case, and spaces may follow it."""
    return [
        bearer_case("64a", "The scheme in lower case.", ok(), authorization=f"bearer {TOKEN}"),
        bearer_case("64b", "Two spaces after the scheme.", ok(), authorization=f"Bearer  {TOKEN}"),
        bearer_case("64c", "The usual spelling.", ok()),
        bearer_case("64d", "The scheme in upper case, the header's name in lower case.", ok(),
                    headers=[("authorization", f"BEARER {TOKEN}")]),
    ]


def keys_that_do_not_match():
    """Rows 65-66: well formed, but not with a key that counts now."""

    def token(tc_id, comment, text):
        return bearer_case(tc_id, comment, refused("Mismatch"), authorization=f"Bearer {text}")

    expired = [(PREVIOUS_SECRET, NOW_MS - 60_000)]
    return [
        hmac_case("65a", "A previous secret is worthless past its not-after.",
                  refused("Mismatch"), None, signature=sign(key=PREVIOUS_SECRET),
                  previous=expired),
        hmac_case("65b", "One millisecond past it is past it.",
                  refused("Mismatch"), None, signature=sign(key=PREVIOUS_SECRET),
                  previous=[(PREVIOUS_SECRET, NOW_MS - 1)]),
        bearer_case("65c", "The same under Bearer.", refused("Mismatch"),
                    authorization=f"Bearer {PREVIOUS_SECRET}", previous=expired),
        token("66a", "A token's prefix is not the token.", TOKEN[:-1]),
        token("66b", "A token's suffix is not the token.", TOKEN[1:]),
        token("66c", "A token has case.", TOKEN.upper()),
        token("66d", "More than the token is not the token.", TOKEN + "0"),
        token("66e", "The token is the whole rest of the value: a verifier does not trim.",
              TOKEN + " "),
    ]


def no_downgrade():
    """Row 67: the agent chooses the scheme, never the request."""
    bearer_header = ("Authorization", f"Bearer {SECRET}")
    hmac_headers = [(TIMESTAMP_HEADER, NOW), (SIGNATURE_HEADER, sign(key=TOKEN))]
    return [
        hmac_case("67a", "HMAC is configured and the right secret is sent as a Bearer token.",
                  refused("Missing"), None, headers=[bearer_header]),
        bearer_case("67b", "Bearer is configured and the request is signed with the right secret.",
                    refused("Missing"), headers=hmac_headers),
        hmac_case("67c", "The other scheme's header neither helps nor harms.", ok(), None,
                  headers=[("Authorization", "Bearer something-else"), (TIMESTAMP_HEADER, NOW),
                           (SIGNATURE_HEADER, G)]),
    ]


def underscore_names():
    """Row 68: CGI-like servers fold `-` and `_` together; a verifier does not."""
    underscore_signature = "x_productindex_signature"
    return [
        hmac_case("68a", "A signature header spelled with underscores is another header.",
                  refused("Missing"), None,
                  headers=[(TIMESTAMP_HEADER, NOW), (underscore_signature, G)]),
        hmac_case("68b", "So is a timestamp header.", refused("Missing"), None,
                  headers=[("x_productindex_timestamp", NOW), (SIGNATURE_HEADER, G)]),
        hmac_case("68c", "Beside the real header it is not a duplicate either.", ok(), None,
                  headers=[(TIMESTAMP_HEADER, NOW), (SIGNATURE_HEADER, G),
                           (underscore_signature, sign(key=OTHER_SECRET))]),
    ]


def body_limit():
    """Row 69: an endless body must not cost an endless hash."""
    at_limit = Repeated(0x61, BODY_LIMIT)
    over_limit = Repeated(0x61, BODY_LIMIT + 1)
    return [
        hmac_case("69a", "One byte over the limit, genuinely signed.",
                  refused("TooLarge"), None, body=over_limit),
        hmac_case("69b", "The limit is checked before the MAC, so a forgery is too large as well.",
                  refused("TooLarge"), None, body=over_limit,
                  signature=sign(body=over_limit, key=OTHER_SECRET)),
        hmac_case("69c", "Exactly at the limit.", ok(), None, body=at_limit),
        hmac_case("69d", "The window is checked before the body is read.",
                  refused("Stale"), None, body=over_limit, timestamp=seconds_from_now(-301)),
        hmac_case("69e", "The configured limit counts, not a fixed 64 KiB.",
                  refused("TooLarge"), None, body_limit=len(BODY) - 1),
        bearer_case("69f", "The limit counts under Bearer too.",
                    refused("TooLarge"), body=over_limit),
        bearer_case("69g", "Under Bearer the token is checked before the body is read.",
                    refused("Mismatch"), body=over_limit, authorization=f"Bearer {OTHER_SECRET}"),
    ]


def bearer_malformed():
    """Rows 70-71: the Authorization header of another form, or more than one."""

    def malformed(tc_id, comment, authorization):
        return bearer_case(tc_id, comment, refused("BadAuthorization"),
                           authorization=authorization)

    basic = base64.b64encode(f"agent:{TOKEN}".encode("ascii")).decode("ascii")
    genuine = ("Authorization", f"Bearer {TOKEN}")
    return [
        malformed("70a", "No space between scheme and token.", f"Bearer{TOKEN}"),
        malformed("70b", "Another scheme.", f"Basic {basic}"),
        malformed("70c", "An empty header is not an absent one.", ""),
        malformed("70d", "The scheme alone.", "Bearer"),
        malformed("70e", "The scheme and a space, no token.", "Bearer "),
        malformed("70f", "A tab is not a space.", f"Bearer\t{TOKEN}"),
        malformed("70g", "A verifier does not trim: leading space.", f" Bearer {TOKEN}"),
        malformed("70h", "The token without its scheme.", TOKEN),
        bearer_case("71a", "Two Authorization headers, even identical, are refused.",
                    refused("Duplicate"), headers=[genuine, genuine]),
        bearer_case("71b", "Duplicates are refused before any value is read.",
                    refused("Duplicate"),
                    headers=[genuine, ("authorization", f"Basic {basic}")]),
        bearer_case("71c", "No Authorization header at all.", refused("Missing"), headers=[]),
    ]


def clock_before_1970():
    """Row 72: a machine that lost its clock cannot judge a window."""
    return [
        hmac_case("72a", "One millisecond before 1970, and a timestamp that its window would "
                  "accept.", refused("Clock"), None, now_ms=-1, timestamp="1"),
        hmac_case("72b", "Long before 1970: the clock is at fault, not the request.",
                  refused("Clock"), None, now_ms=-NOW_MS),
        hmac_case("72c", "Formats are checked before the clock is looked at.",
                  refused("BadTimestamp"), None, now_ms=-NOW_MS, timestamp=f"-{NOW}"),
        hmac_case("72d", "1970 itself is a time like any other.", ok(), None,
                  now_ms=0, timestamp="1"),
        bearer_case("72e", "Bearer needs the clock as well: without it, no secret's not-after "
                    "counts.", refused("Clock"), now_ms=-1,
                    authorization=f"Bearer {PREVIOUS_SECRET}",
                    previous=[(PREVIOUS_SECRET, NOW_MS)]),
        bearer_case("72f", "Under Bearer, too, formats are checked before the clock.",
                    refused("BadAuthorization"), now_ms=-1, authorization="Basic dGVzdDp0ZXN0"),
    ]


def compressed_body():
    """Row 73: the MAC is over the bytes on the wire."""
    if gzip.decompress(GZIP_OF_BODY) != to_bytes(BODY):
        sys.exit("generate.py: GZIP_OF_BODY is not BODY compressed")
    encoding = ("Content-Encoding", "gzip")
    return [
        hmac_case("73a", "A gzip body is verified as it came, before it is unpacked.",
                  ok(), None, body=GZIP_OF_BODY,
                  headers=[encoding, (TIMESTAMP_HEADER, NOW),
                           (SIGNATURE_HEADER, sign(body=GZIP_OF_BODY))]),
        hmac_case("73b", "Signed over the unpacked body: other bytes than the wire's.",
                  refused("Mismatch"), None, body=GZIP_OF_BODY,
                  headers=[encoding, (TIMESTAMP_HEADER, NOW), (SIGNATURE_HEADER, G)]),
    ]


def all_vectors():
    signed_as_sent_24_to_30, signed_as_sent_32_to_34 = timestamps_signed_as_sent()
    return [
        *genuine_requests(),
        *outside_the_window(),
        *not_a_number(),
        *loosely_read_timestamps(),
        *two_timestamps(),
        *signed_as_sent_24_to_30,
        *shifted_split(),
        *signed_as_sent_32_to_34,
        *absent_signature(),
        *signatures_of_another_length(),
        *two_signatures(),
        *signatures_that_are_not_hex(),
        *accepted_here_refused_by_the_snippet(),
        *other_bytes_were_signed(),
        *every_bit(),
        *bodies_that_are_not_bytes(),
        *secrets_refused_when_building(),
        *secrets_accepted(),
        *bearer_accepted(),
        *keys_that_do_not_match(),
        *no_downgrade(),
        *underscore_names(),
        *body_limit(),
        *bearer_malformed(),
        *clock_before_1970(),
        *compressed_body(),
    ]


# --- output ------------------------------------------------------------------


def require_complete(vectors):
    """A slip in this file must not become a thinner test: stop instead."""
    tc_ids = [v["tcId"] for v in vectors]
    repeated = sorted({tc_id for tc_id in tc_ids if tc_ids.count(tc_id) > 1})
    if repeated:
        sys.exit(f"generate.py: tcId used more than once: {', '.join(repeated)}")
    rows = [v["row"] for v in vectors]
    if sorted(set(rows)) != list(ROWS) or rows != sorted(rows):
        sys.exit(f"generate.py: expected rows 1 to {ROWS[-1]} in order and complete; "
                 f"missing: {sorted(set(ROWS) - set(rows))}")
    unknown = {flag for v in vectors for flag in v["flags"]} - FLAGS
    if unknown:
        sys.exit(f"generate.py: flags not in FLAGS: {', '.join(sorted(unknown))}")


def render():
    vectors = all_vectors()
    require_complete(vectors)
    document = {"contract": "rfq-verify", "version": 1, "vectors": vectors}
    # ASCII only: no editor or tool can then change a character by accident.
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def check(expected):
    """None if the file on disk is `expected`, else what is wrong with it."""
    advice = "run `python3 generate.py` and commit the result"
    try:
        found = VECTORS_FILE.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return f"{VECTORS_FILE.name} does not exist; {advice}"
    except UnicodeDecodeError:
        return f"{VECTORS_FILE.name} is not UTF-8; {advice}"
    if found == expected:
        return None
    expected_lines, found_lines = expected.split("\n"), found.split("\n")
    for number, (want, have) in enumerate(zip(expected_lines, found_lines), start=1):
        if want != have:
            return (f"{VECTORS_FILE.name} differs from generate.py at line {number}:\n"
                    f"  expected: {want.strip()}\n  found:    {have.strip()}\n{advice}")
    return (f"{VECTORS_FILE.name} has {len(found_lines)} lines, expected "
            f"{len(expected_lines)}; {advice}")


def main():
    parser = argparse.ArgumentParser(description="Write verify.json, or check it.")
    parser.add_argument("--check", action="store_true",
                        help="write nothing; exit 1 if verify.json differs")
    arguments = parser.parse_args()

    expected = render()
    count = len(json.loads(expected)["vectors"])
    if arguments.check:
        problem = check(expected)
        if problem:
            sys.exit(problem)
        print(f"{VECTORS_FILE.name} is up to date: {count} vectors, {len(ROWS)} rows")
    else:
        VECTORS_FILE.write_bytes(expected.encode("utf-8"))
        print(f"wrote {VECTORS_FILE.name}: {count} vectors, {len(ROWS)} rows")


if __name__ == "__main__":
    main()
