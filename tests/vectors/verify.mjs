#!/usr/bin/env node
// Runs the conformance vectors against a strict verifier written in JavaScript.
//
//     node verify.mjs [path to verify.json]
//
// The verifier below shares no code with the one in Rust, the one in Python or the
// generator: it is written from the rules in sdk/vectors/README.md, so that a mistake
// would have to be made several times over to go unseen.
// It also confirms the column `seed_node`: what the published Node check answers.
// Node 20 or later, no packages. Exit code 0 only if every vector passed or is not
// applicable here.

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

const DEFAULT_PATH = new URL("../../sdk/vectors/verify.json", import.meta.url);
const LAST_ROW = 73;
const KNOWN_FLAGS = new Set([
  "replay", "not_representable", "every_single_bit_flip", "milliseconds_hint",
  "unset_secret", "seed_body_undefined", "seed_body_object",
]);
// Only these may be skipped: a body that is not bytes cannot be given to `verify`.
const NOT_APPLICABLE_ROWS = new Set([53, 54]);
const NOT_APPLICABLE_REASON = "not applicable: the API takes bytes, this body is not bytes";
const MOST_LINES = 10; // printed for one failing vector: bit flips can fail by the hundred

// --- the strict verifier -----------------------------------------------------

const ok = (key) => ({ verdict: "ok", key });
const refused = (cause) => ({ verdict: "refused", cause });
const buildError = (cause) => ({ verdict: "build_error", cause });

/** The rule a secret breaks, or null. */
function secretProblem(secret, scheme) {
  if (secret === null) return "Unset";
  if (secret === "") return "Empty";
  if (secret.includes("\0")) return "ContainsNul";
  if (secret.endsWith("\n")) return "TrailingNewline";
  if (/^\p{White_Space}+$/u.test(secret)) return "Blank";
  // Spread gives characters; `length` would count units of UTF-16.
  if ([...secret].length < 16) return "TooShort";
  if (scheme === "bearer") {
    if (/[^\x00-\x7f]/.test(secret)) return "NonAscii";
    if (/[\x00-\x1f\x7f]/.test(secret)) return "ControlCharacter";
    if (secret.startsWith(" ") || secret.endsWith(" ")) return "EdgeWhitespace";
  }
  return null;
}

/** Checks the configuration: `{ problem }`, or `{ verify }`, which takes
 *  `{ nowMs, headers: [[name, Buffer]], body: Buffer }` and returns a verdict. */
function buildVerifier(config) {
  const { scheme, secret, previous } = config;
  const checks = { hmac: verifyHmac, bearer: verifyBearer };
  if (!Object.hasOwn(checks, scheme)) {
    throw new Error(`expected scheme hmac or bearer, got ${scheme}`);
  }
  const keys = [];
  const candidates = [
    { name: "current", text: secret, notAfterMs: Infinity },
    ...previous.map((old, index) => (
      { name: `previous:${index}`, text: old.secret, notAfterMs: old.not_after_ms })),
  ];
  for (const { name, text, notAfterMs } of candidates) {
    const problem = secretProblem(text, scheme);
    if (problem !== null) return { problem };
    keys.push({ name, bytes: Buffer.from(text, "utf8"), notAfterMs });
  }
  const settings = { keys, toleranceMs: config.tolerance_s * 1000, bodyLimit: config.body_limit };
  return { verify: (request) => checks[scheme](settings, request) };
}

function verifyHmac({ keys, toleranceMs, bodyLimit }, { nowMs, headers, body }) {
  const timestamps = valuesOf(headers, "x-productindex-timestamp");
  const signatures = valuesOf(headers, "x-productindex-signature");
  if (timestamps.length === 0 || signatures.length === 0) return refused("Missing");
  if (timestamps.length > 1 || signatures.length > 1) return refused("Duplicate");
  // latin1 maps each byte to one character, so the patterns see the raw bytes.
  const timestamp = timestamps[0].toString("latin1");
  const signature = signatures[0].toString("latin1");
  if (!/^[1-9][0-9]{0,11}$/.test(timestamp)) return refused("BadTimestamp");
  if (!/^[0-9A-Fa-f]{64}$/.test(signature)) return refused("BadSignature");
  if (nowMs < 0) return refused("Clock");
  const ageMs = nowMs - Number(timestamp) * 1000; // exact: far below 2^53
  if (ageMs > toleranceMs) return refused("Stale");
  if (ageMs < -toleranceMs) return refused("Future");
  if (body.length > bodyLimit) return refused("TooLarge");
  const sent = Buffer.from(signature, "hex");
  const match = keys.find(({ bytes, notAfterMs }) => {
    if (nowMs > notAfterMs) return false;
    const genuine = createHmac("sha256", bytes).update(timestamps[0]).update(".").update(body);
    return timingSafeEqual(genuine.digest(), sent);
  });
  return match === undefined ? refused("Mismatch") : ok(match.name);
}

function verifyBearer({ keys, bodyLimit }, { nowMs, headers, body }) {
  const values = valuesOf(headers, "authorization");
  if (values.length === 0) return refused("Missing");
  if (values.length > 1) return refused("Duplicate");
  const parts = /^bearer +([^ ][^]*)$/i.exec(values[0].toString("latin1"));
  if (parts === null) return refused("BadAuthorization");
  if (nowMs < 0) return refused("Clock");
  // Digests have one length, so that comparing them does not tell the secret's.
  const sent = sha256(Buffer.from(parts[1], "latin1"));
  const match = keys.find(({ bytes, notAfterMs }) =>
    nowMs <= notAfterMs && timingSafeEqual(sha256(bytes), sent));
  if (match === undefined) return refused("Mismatch");
  if (body.length > bodyLimit) return refused("TooLarge");
  return ok(match.name);
}

function valuesOf(headers, lowerCaseName) {
  return headers.filter(([name]) => name.toLowerCase() === lowerCaseName).map(([, value]) => value);
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

// --- the published Node check, told again ------------------------------------

/** What the published snippet does, step by step, in words of our own. `headers` is a
 *  Map from lower-case names to text; `body` is whatever the server kept as raw body. */
function publishedCheck(secret, headers, body, nowMs) {
  // parseInt reads the digits at the front and gives NaN when there are none.
  const seconds = Number.parseInt(headers.get("x-productindex-timestamp"), 10);
  const distance = Math.abs(nowMs / 1000 - seconds);
  if (distance > 300) return false; // never true for NaN
  // The number is printed again and the body becomes text: neither need be what was sent.
  const signedText = [String(seconds), String(body)].join(".");
  const hexText = createHmac("sha256", secret).update(signedText, "utf8").digest("hex");
  const sentText = headers.get("x-productindex-signature");
  // Throws for an absent header, and for texts of different length.
  return timingSafeEqual(Buffer.from(hexText), Buffer.from(sentText));
}

// The only ways in which it may throw; another error is a mistake in this file.
const PUBLISHED_CHECK_ERRORS = new Set([
  "ERR_INVALID_ARG_TYPE", // an absent signature, an unset secret
  "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH",
]);

function publishedAnswer(vector) {
  // As Node's http server hands headers over: each byte a latin1 character, names in
  // lower case, values of one name joined with a comma.
  const headers = new Map();
  for (const [name, value] of headersOf(vector)) {
    const key = name.toLowerCase();
    const text = value.toString("latin1");
    headers.set(key, headers.has(key) ? `${headers.get(key)}, ${text}` : text);
  }
  const secret = vector.config.secret ?? undefined;
  try {
    return publishedCheck(secret, headers, publishedBody(vector), vector.input.now_ms);
  } catch (error) {
    if (PUBLISHED_CHECK_ERRORS.has(error.code)) return "throws";
    throw error;
  }
}

function publishedBody(vector) {
  if (vector.flags.includes("seed_body_undefined")) return undefined;
  if (vector.flags.includes("seed_body_object")) return {};
  return bodyOf(vector);
}

// --- reading a vector --------------------------------------------------------

function headersOf(vector) {
  return vector.input.headers.map(([name, value]) => [
    name,
    typeof value === "string" ? Buffer.from(value, "latin1") : fromHex(value.hex),
  ]);
}

function bodyOf(vector) {
  const { body } = vector.input;
  if (typeof body?.text === "string") return Buffer.from(body.text, "utf8");
  if (typeof body?.hex === "string") return fromHex(body.hex);
  if (typeof body?.repeat === "string") return Buffer.alloc(body.count, fromHex(body.repeat));
  throw new Error(`expected a body with text, hex or repeat, got ${JSON.stringify(body)}`);
}

/** Buffer.from stops silently at the first character that is not hex. */
function fromHex(text) {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new Error(`expected lower-case hex, got ${text}`);
  return Buffer.from(text, "hex");
}

// --- running a vector --------------------------------------------------------

/** What went wrong; empty when the strict verifier answered as expected. */
function runStrict(vector) {
  const unknown = vector.flags.filter((flag) => !KNOWN_FLAGS.has(flag));
  if (unknown.length > 0) {
    return [`expected flags this runner knows, got ${unknown.join(", ")}`];
  }
  const { problem, verify } = buildVerifier(vector.config);
  if (problem !== undefined) return compare(vector.expected, buildError(problem));
  const request = {
    nowMs: vector.input.now_ms, headers: headersOf(vector), body: bodyOf(vector),
  };
  if (vector.flags.includes("every_single_bit_flip")) {
    return runBitFlips(vector, verify, request);
  }
  const problems = compare(vector.expected, verify(request));
  if (vector.flags.includes("replay")) {
    const again = compare(vector.expected, verify(request));
    problems.push(...again.map((text) => `the second time: ${text}`));
  }
  return problems;
}

function compare(expected, got) {
  return isDeepStrictEqual(expected, got) ? [] : [`expected ${show(expected)}, got ${show(got)}`];
}

const show = (outcome) => Object.values(outcome).join(" ");

/** Every neighbour of `data`, with the place of the flipped bit. */
function* singleBitFlips(data) {
  for (let index = 0; index < data.length; index += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const flipped = Buffer.from(data);
      flipped[index] ^= 1 << bit;
      yield [`byte ${index} bit ${bit}`, flipped];
    }
  }
}

function runBitFlips(vector, verify, { nowMs, headers, body }) {
  const [[timestampName, timestamp], [signatureName, signature]] = headers;
  const ask = (change) => {
    const sent = { timestamp, signature, body, ...change };
    const pairs = [[timestampName, sent.timestamp], [signatureName, sent.signature]];
    return verify({ nowMs, headers: pairs, body: sent.body });
  };

  if (!isDeepStrictEqual(vector.expected, refused("any"))) {
    return [`expected the flag with \`refused any\`, got ${show(vector.expected)}`];
  }
  const unchanged = ask({});
  if (unchanged.verdict !== "ok") {
    // Otherwise every flip would be refused for a reason of its own.
    return [`unchanged: expected ok, got ${show(unchanged)}`];
  }

  const problems = [];
  let flips = 0;
  const expect = (verdict, what, got) => {
    flips += 1;
    if (got.verdict !== verdict) problems.push(`${what}: expected ${verdict}, got ${show(got)}`);
  };

  const signatureText = signature.toString("latin1");
  for (const [place, raw] of singleBitFlips(fromHex(signatureText))) {
    const text = Buffer.from(raw.toString("hex"), "latin1");
    expect("refused", `decoded signature ${place}`, ask({ signature: text }));
  }
  for (const [place, text] of singleBitFlips(signature)) {
    // Only the case of a hex letter may change: it spells the same 32 bytes.
    const sameBytes = text.toString("latin1").toLowerCase() === signatureText.toLowerCase();
    expect(sameBytes ? "ok" : "refused", `signature text ${place}`, ask({ signature: text }));
  }
  for (const [place, text] of singleBitFlips(timestamp)) {
    expect("refused", `timestamp ${place}`, ask({ timestamp: text }));
  }
  for (const [place, raw] of singleBitFlips(body)) {
    expect("refused", `body ${place}`, ask({ body: raw }));
  }

  const everyFlip = 8 * (32 + 64 + timestamp.length + body.length);
  if (flips !== everyFlip) problems.push(`expected ${everyFlip} flips, tried ${flips}`);
  console.log(`tcId ${vector.tcId}: expanded into ${flips} single bit flips`);
  return problems;
}

/** What went wrong with the column `seed_node`; empty when it is confirmed. */
function runPublished(vector) {
  const got = publishedAnswer(vector);
  return got === vector.seed_node ? [] : [`seed_node: expected ${vector.seed_node}, got ${got}`];
}

/** A broken vector or runner is a failure, not the end of the run. */
function guarded(run, vector) {
  try {
    return run(vector);
  } catch (error) {
    return [`expected an answer, got ${error.name}: ${error.message}`];
  }
}

// --- running the file --------------------------------------------------------

/** What makes the file as a whole unfit, whatever its vectors say. */
function problemsOfFile({ contract, version, vectors }) {
  const problems = [];
  if (contract !== "rfq-verify" || version !== 1) {
    problems.push(`expected contract rfq-verify version 1, got ${contract} version ${version}`);
  }
  const rows = new Set(vectors.map(({ row }) => row));
  const missing = [];
  for (let row = 1; row <= LAST_ROW; row += 1) if (!rows.has(row)) missing.push(row);
  if (missing.length > 0) {
    problems.push(
      `expected a vector for each of ${LAST_ROW} rows, missing rows ${missing.join(", ")}`);
  }
  const seen = new Set();
  for (const { tcId } of vectors) {
    if (seen.has(tcId)) problems.push(`expected each tcId once, got ${tcId} again`);
    seen.add(tcId);
  }
  return problems;
}

function readVectors(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    console.error(`expected the vectors as JSON in ${path}: ${error.message}`);
    process.exit(2);
  }
}

function main() {
  if (process.argv.length > 3) {
    console.error("usage: verify.mjs [path to verify.json]");
    process.exit(2);
  }
  const document = readVectors(process.argv[2] ?? DEFAULT_PATH);
  const { vectors } = document;

  let passed = 0;
  let failed = 0;
  let confirmed = 0;
  let notStated = 0;
  let wrong = 0;
  const skipped = [];

  for (const problem of problemsOfFile(document)) {
    failed += 1;
    console.log(`FAILED the file: ${problem}`);
  }
  for (const vector of vectors) {
    const notApplicable = NOT_APPLICABLE_ROWS.has(vector.row)
      && isDeepStrictEqual(vector.expected, { verdict: "not_representable" });
    const problems = notApplicable ? [] : guarded(runStrict, vector);

    if (vector.seed_node === null) {
      notStated += 1;
    } else {
      const seedProblems = guarded(runPublished, vector);
      if (seedProblems.length === 0) confirmed += 1;
      else wrong += 1;
      problems.push(...seedProblems);
    }

    if (problems.length > 0) {
      failed += 1;
      console.log(`FAILED tcId ${vector.tcId}: ${vector.comment}`);
      for (const problem of problems.slice(0, MOST_LINES)) console.log(`       ${problem}`);
      if (problems.length > MOST_LINES) {
        console.log(`       and ${problems.length - MOST_LINES} more like these`);
      }
    } else if (notApplicable) {
      skipped.push(vector);
    } else {
      passed += 1;
    }
  }

  const rows = new Set(vectors.map(({ row }) => row));
  console.log(
    `ran ${vectors.length - skipped.length} of ${vectors.length} vectors, ${rows.size} rows`);
  for (const { tcId } of skipped) console.log(`skipped tcId ${tcId}: ${NOT_APPLICABLE_REASON}`);
  console.log(`seed_node: ${confirmed} confirmed, ${wrong} wrong, ${notStated} not stated`);
  console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  process.exitCode = failed > 0 ? 1 : 0;
}

main();
