import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Store } from "../src/store.js";

const note = (title: string, body = "") => ({
  id: crypto.randomUUID(),
  title,
  body,
  updated: "2026-02-03T04:05:06Z",
});

test("quotes in a title are text and nothing else", () => {
  const store = new Store(mkdtempSync(join(tmpdir(), "store-")));
  const odd = note("x'); DROP TABLE notes; --");
  store.save(odd);
  assert.equal(store.get(odd.id)?.title, odd.title);
  store.close();
});

test("search operators are plain words", () => {
  const store = new Store(mkdtempSync(join(tmpdir(), "store-")));
  store.save(note("Tides", "high water at nine"));
  assert.equal(store.search('water" OR "x', 10).length, 0);
  assert.equal(store.search("high water", 10).length, 1);
  store.close();
});
