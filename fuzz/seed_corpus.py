#!/usr/bin/env python3
"""Writes seeds into corpus/TARGET: the conformance vectors of the SDK in the form that the targets
read, and small valid inputs with one change each. Python 3.11, standard library, the same files
every time. The form of each input is told at the top of its target."""

import json
from pathlib import Path

FUZZ = Path(__file__).resolve().parent
VECTORS = FUZZ.parent / "sdk" / "vectors"
LONGEST = 4096  # libFuzzer's default limit; longer seeds are cut by it


def write(target, name, data):
    folder = FUZZ / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    if len(data) <= LONGEST:
        (folder / f"seed-{name}").write_bytes(data)


def raw(value):
    """The bytes of a header value or body in the vectors' notation; None when there are none."""
    if isinstance(value, str):
        return value.encode()
    if value is None:
        return None
    if "repeat" in value:
        return bytes.fromhex(value["repeat"]) * value["count"]
    return bytes.fromhex(value["hex"]) if "hex" in value else value["text"].encode()


def verify():
    for vector in json.loads((VECTORS / "verify.json").read_text())["vectors"]:
        config, given = vector["config"], vector["input"]
        body, secret = raw(given["body"]), config["secret"]
        headers = [name.encode() + b":" + raw(value) for name, value in given["headers"]]
        if body is None or secret is None or b"\n" in b"".join(headers) + secret.encode():
            continue  # not sayable in lines
        first = f'{config["scheme"]} {given["now_ms"]} {config["tolerance_s"]} {config["body_limit"]}'
        lines = [first.encode(), secret.encode(), *headers, b"", body]
        write("verify", vector["tcId"], b"\n".join(lines))
    # `@` stands for the genuine value, so that what the fuzzer changes can still be accepted.
    hmac = b"hmac 1780000000000 300 65536\ntest-secret-0123456789abcdef\n"
    bearer = b"bearer 1780000000000 300 65536\ntest-token-0123456789abcdef\n"
    time, mac = b"X-ProductIndex-Timestamp:1780000000\n", b"X-ProductIndex-Signature:@\n"
    write("verify", "genuine-hmac", hmac + time + mac + b"\n{}")
    write("verify", "genuine-bearer", bearer + b"Authorization:@\n\n{}")
    write("verify", "genuine-twice", hmac + time + mac + mac + b"\n{}")


def rfq():
    request = json.loads((VECTORS / "rfq.json").read_text())
    write("rfq", "request", (VECTORS / "rfq.json").read_bytes().rstrip())

    def changed(name, change):
        copy = json.loads(json.dumps(request))
        change(copy, copy["params"]["message"], copy["params"]["message"]["metadata"])
        write("rfq", name, json.dumps(copy, separators=(",", ":")).encode())

    for key in request["params"]["message"]["metadata"]:
        changed(f"no-{key}", lambda _, __, metadata: metadata.pop(key))
        changed(f"null-{key}", lambda _, __, metadata: metadata.update({key: None}))
    changed("no-parts", lambda _, message, __: message.pop("parts"))
    changed("odd-parts", lambda _, message, __: message.update(parts=[1]))
    changed("integer-id", lambda body, _, __: body.update(id=-7))
    changed("list-params", lambda body, _, __: body.update(params=[]))
    changed("long-requestor", lambda _, __, metadata: metadata.update(requestor="x" * 2049))
    lines = ['"x"', '"rfq-1"', '"a/b"', "12", '"B-AR"', '"2026-06-01T14:00:00.5+02:00"', '"me"']
    write("rfq", "values", ("@" + "\n".join(lines)).encode())
    for at, odd in [(0, "1e5"), (1, '"\\u0041"'), (2, '"A/b"'), (3, "1.0"), (3, "1000001"),
                    (4, '"ca-us"'), (5, '"2026-06-01T12:00Z"'), (5, '"2026-06-01T12:00:60+0200"'),
                    (6, '"\\ud83d\\ude00"'), (6, '"\\ud800"'), (6, '1,"x":1e400'),
                    (6, '1,"requestor":2'), (6, "[[[[{}]]]]")]:
        line = "\n".join([*lines[:at], odd, *lines[at + 1:]])
        write("rfq", f"values-{at}-{odd.encode().hex()[:16]}", ("@" + line).encode())


def offer():
    full = {
        "price_usd": 169.99, "list_price_usd": 189.99, "in_stock": True,
        "estimated_shipping_days": 3, "shipping_cost_usd": 0,
        "offer_id": "8b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c11",
        "offer_expires_at": "2026-06-02T00:00:00Z",
        "claim_url": "https://shop.example/cart?offer=7", "terms": "Free returns",
    }
    decline = {"in_stock": False, "price_usd": 0, "claim_url": "", "offer_expires_at": ""}
    cases = {"full": full, "decline": decline, "envelope": {"jsonrpc": "2.0", "result": full}}
    for key in full:
        cases[f"no-{key}"] = {name: value for name, value in full.items() if name != key}
    for name, key, value in [
        ("out-of-stock", "in_stock", False), ("float", "price_usd", 3.3000000000000003),
        ("free", "price_usd", 0), ("text-price", "price_usd", "1"), ("scientific", "price_usd", 1e22),
        ("offset", "offer_expires_at", "2026-06-01T18:00:00.25-05:30"),
        ("expired", "offer_expires_at", "2026-06-01T12:00:00Z"),
        ("http", "claim_url", "http://shop.example/"),
        ("idn", "claim_url", "HTTPS://b\u00fccher.example:8443/\u00e4 b#c"),
        ("control", "terms", " a\n\x07b\u00a0 "), ("long", "terms", "\u00e4" * 501),
        ("cut-at-space", "terms", "a" * 499 + "  b"),
        ("fraction", "price_usd", 169.990000011), ("nearly", "price_usd", 169.98999999),
        ("most", "price_usd", 999999999999.99), ("null", "terms", None), ("days", "estimated_shipping_days", 366),
    ]:
        cases[name] = full | {key: value}
    cases["too-much"] = cases["most"] | {"shipping_cost_usd": 0.01}
    for name, case in cases.items():
        write("offer", name, json.dumps(case).encode())


def card():
    minimal = b'{"skills":[{"id":"respond-to-rfq","description":"Quotes prices"}]}'
    named = b'{"name":"a","description":"b","name":"c","skills":[{"id":"x"},{"id":"\\u0041"}],"z":1e400}'
    write("card", "minimal", minimal)
    write("card", "named", named)
    for name, text in [("no-skills", b'{"name":"a"}'), ("twice", b'{"skills":[],"skills":[]}'),
                       ("id-twice", b'{"skills":[{"id":"a","id":"b"}]}'),
                       ("no-id", b'{"skills":[{}]}'), ("odd-id", b'{"skills":[{"id":1}]}'),
                       ("empty", b'{"skills":[]}'), ("deep", b'{"a":' + b"[" * 200 + b"]" * 200 + b',"skills":[]}')]:
        write("card", name, text)
    for number, (host, url) in enumerate([
        ("mystore.com", "https://mystore.com/.well-known/agent.json"),
        ("MyStore.co.uk.", "HTTPS://agents.MyStore.co.uk.:443/a%20b?c=d#e"),
        ("b\u00fccher.example", "https://xn--bcher-kva.example"),
        ("github.io", "https://me.github.io/"), ("me.github.io", "https://notme.github.io/"),
        ("mystore.com", "https://notmystore.com/"), ("example.com", "https://s3.example.com//../x"),
        ("127.0.0.1", "https://2130706433/"), ("localhost", "https://user@mystore.com/"),
        ("a..b", "https://mystore.com:8443/"), ("m\uff59store.com", "https://m\uff59store.com/\u00e4?\u00e4'"),
        ("compute.amazonaws.com", "https://[::1]/"), ("amazonaws.com", "https://s3.amazonaws.com/"),
    ]):
        write("card", f"url-{number}", f"@{host}\n{url}\n".encode() + minimal)


def auction():
    end, url = "2026-06-01T13:00:00Z", "https://shop.example/cart"
    base = {"price_usd": 100, "in_stock": True, "claim_url": url, "offer_expires_at": end}
    decline = {"in_stock": False, "price_usd": 0, "claim_url": "", "offer_expires_at": ""}
    cases = {
        "tie": [base, base],
        "unknown-shipping": [base, base | {"shipping_cost_usd": 25}, base | {"shipping_cost_usd": 9000}],
        "days": [base | {"estimated_shipping_days": days} for days in (0, 3, 365)],
        "out-of-stock": [base | {"in_stock": False, "price_usd": 1}, base, decline],
        "largest": [base | {"price_usd": 999999999999.99}, base | {"shipping_cost_usd": 0}],
        "refused": [base | {"claim_url": "https://evil.example/"}, base | {"price_usd": "1"},
                    base | {"offer_expires_at": "2026-06-01T12:00:30Z"}, {"jsonrpc": "2.0", "result": base}],
    }
    for name, answers in cases.items():
        for letters in ("ppp", "rsp", "tpr"):
            lines = [letter + json.dumps(answer) for letter, answer in zip(letters * 2, answers)]
            write("auction", f"{name}-{letters}", "\n".join(lines).encode())


if __name__ == "__main__":
    for target in (verify, rfq, offer, auction, card):
        target()
