// Asks a running agent for quotes as the marketplace does, with a signature of its own making:
// HMAC-SHA256 over `${timestamp}.${rawBody}`. Usage: node ask.mjs URL hmac|bearer SECRET_FILE
import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

const [url, auth, secretFile] = process.argv.slice(2);
const secret = readFileSync(secretFile, "utf8").split("\n")[0];
const endpoint = `${url}/message:send`;

function credentials(body) {
  if (auth === "bearer") return { Authorization: `Bearer ${secret}` };
  const timestamp = String(Math.floor(Date.now() / 1000));
  const mac = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
  return { "X-ProductIndex-Timestamp": timestamp, "X-ProductIndex-Signature": mac };
}

async function send(body, headers = credentials(body)) {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body,
  });
  const text = await response.text();
  return { status: response.status, type: response.headers.get("content-type"), text };
}

function rfq(changes = {}) {
  const id = changes.rfq_id ?? randomUUID();
  return JSON.stringify({
    jsonrpc: "2.0",
    method: "message/send",
    id,
    params: {
      message: {
        messageId: randomUUID(),
        role: "user",
        parts: [{ kind: "text", text: "Request for quote: Baratza Encore ESP, qty 1, ship to CA 94103" }],
        metadata: {
          skill: "respond-to-rfq",
          rfq_id: id,
          product_slug: "coffee-grinders/baratza-encore-esp",
          quantity: 1,
          delivery_region: "CA-US",
          deadline_iso: new Date(Date.now() + 30 * 24 * 3600 * 1000).toISOString(),
          requestor: "https://market.example/.well-known/agent.json",
          ...changes,
        },
      },
    },
  });
}

const decline = '{"in_stock":false,"price_usd":0,"claim_url":"","offer_expires_at":""}';
const cases = {
  async "the offer"() {
    const { status, type, text } = await send(rfq());
    const offer = JSON.parse(text);
    assert.equal(status, 200);
    assert.equal(type, "application/json");
    assert.equal(offer.price_usd, 169.99);
    assert.equal(offer.list_price_usd, 189.99);
    assert.equal(offer.in_stock, true);
    assert.equal(offer.shipping_cost_usd, 0);
    assert.match(offer.claim_url, /^https:\/\//);
    const hours = (Date.parse(offer.offer_expires_at) - Date.now()) / 3_600_000;
    assert.ok(hours > 23 && hours <= 24, `valid for ${hours} h`);
    const page = await fetch(`${url}${offer.claim_url.replace(/^https:\/\/[^/]+/, "")}`);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /Baratza Encore ESP/);
  },
  async "five are priced as five"() {
    assert.equal(JSON.parse((await send(rfq({ quantity: 5 }))).text).price_usd, 849.95);
  },
  async "an unknown product is declined"() {
    const answer = await send(rfq({ product_slug: "coffee-grinders/unknown" }));
    assert.deepEqual([answer.status, answer.text], [200, decline]);
  },
  async "a delivery date in the past is declined"() {
    const answer = await send(rfq({ deadline_iso: new Date(Date.now() - 1000).toISOString() }));
    assert.deepEqual([answer.status, answer.text], [200, decline]);
  },
  async "a region not served is declined"() {
    const answer = await send(rfq({ delivery_region: "BY-DE" }));
    assert.deepEqual([answer.status, answer.text], [200, decline]);
  },
  async "the same again gets the same offer"() {
    const body = rfq();
    const first = await send(body);
    assert.deepEqual(await send(body), first);
  },
  async "the same rfq_id for another product is 400"() {
    const rfq_id = randomUUID();
    await send(rfq({ rfq_id }));
    const answer = await send(rfq({ rfq_id, product_slug: "coffee-grinders/unknown" }));
    assert.equal(answer.status, 400);
    assert.equal(JSON.parse(answer.text).error, "rfq_id_reused");
  },
  async "malformed JSON is 400 with a reason"() {
    const answer = await send('{"jsonrpc":');
    assert.equal(answer.status, 400);
    assert.equal(JSON.parse(answer.text).error, "not_json");
  },
  async "a field that is wrong is 400 and named"() {
    const answer = await send(rfq({ quantity: "1" }));
    assert.equal(answer.status, 400);
    assert.match(JSON.parse(answer.text).detail, /metadata\.quantity: expected an integer/);
  },
  async "65 KiB is 413"() {
    assert.equal((await send(" ".repeat(65 * 1024))).status, 413);
  },
  async "GET is 405"() {
    assert.equal((await fetch(endpoint)).status, 405);
  },
  async "what is not authenticated is 401"() {
    const body = rfq();
    const changed = auth === "bearer" ? { Authorization: `Bearer ${secret}x` } : credentials(`${body} `);
    const [wrong, none] = [await send(body, changed), await send(body, {})];
    assert.equal(wrong.status, 401);
    assert.deepEqual(none, wrong);
  },
};

for (const [name, run] of Object.entries(cases)) {
  await run();
  console.log(`ok - ${auth}: ${name}`);
}
