import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import { BearerGate } from "../src/auth.js";

const TOKEN = "for-tests-only-".repeat(3);

function ask(header?: string) {
  const seen = { status: 0, body: "" };
  const req = { headers: { authorization: header }, socket: {} } as unknown as IncomingMessage;
  const res = {
    writeHead: (status: number) => void (seen.status = status),
    end: (body: string) => void (seen.body = body),
  } as unknown as ServerResponse;
  return { admitted: new BearerGate(TOKEN).admit(req, res), ...seen };
}

test("the token opens the gate", () => {
  assert.equal(ask(`Bearer ${TOKEN}`).admitted, true);
});

test("no header, another scheme, a wrong token: one answer for all", () => {
  for (const header of [undefined, "", "Bearer", `Basic ${TOKEN}`, "Bearer wrong", `Bearer ${TOKEN}x`]) {
    assert.deepEqual(ask(header), { admitted: false, status: 401, body: '{"error":"unauthorized"}' });
  }
});
