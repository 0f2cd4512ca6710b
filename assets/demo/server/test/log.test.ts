import assert from "node:assert/strict";
import { test } from "node:test";
import { redact } from "../src/log.js";

test("secret-looking fields lose their values at any depth", () => {
  assert.deepEqual(redact({ a: 1, apiKey: "x", nested: { Authorization: "y", list: [{ token: "z" }] } }), {
    a: 1,
    apiKey: "[redacted]",
    nested: { Authorization: "[redacted]", list: [{ token: "[redacted]" }] },
  });
});

test("a bearer token in text is replaced", () => {
  assert.equal(redact("sent Bearer abc.def"), "sent Bearer [redacted]");
});
