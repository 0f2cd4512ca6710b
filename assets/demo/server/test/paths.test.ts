import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileInside } from "../src/paths.js";

const root = realpathSync(mkdtempSync(join(tmpdir(), "paths-")));
mkdirSync(join(root, "exports"));

test("a plain name stays in its folder", async () => {
  assert.equal(await fileInside(root, join(root, "exports"), "a.pdf"), join(root, "exports", "a.pdf"));
});

test("names that climb or hide are refused", async () => {
  for (const name of ["../a", "a/b", "..", ".bashrc", "a\\b", "", "a\0b"]) {
    await assert.rejects(fileInside(root, join(root, "exports"), name));
  }
});

test("a folder that is a link out of the root is refused", async () => {
  symlinkSync(tmpdir(), join(root, "out"));
  await assert.rejects(fileInside(root, join(root, "out"), "a.pdf"));
});
