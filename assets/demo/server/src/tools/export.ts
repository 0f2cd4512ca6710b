import { exec as execCallback } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { fileInside } from "../paths.js";
import type { Deps } from "../server.js";
import { text } from "./reply.js";

const exec = promisify(execCallback);

export function registerExport(server: McpServer, { config, store }: Deps) {
  server.registerTool(
    "export_note",
    {
      description: "Export a note as a file in the exports folder",
      inputSchema: z.strictObject({
        id: z.uuid(),
        name: z.string().min(1).max(80),
        format: z.enum(["pdf", "docx", "html"]),
      }),
    },
    async ({ id, name, format }) => {
      const note = store.get(id);
      if (!note) return text("No such note");

      const exportsDir = join(config.dataDir, "exports");
      await mkdir(exportsDir, { recursive: true });
      const target = await fileInside(config.dataDir, exportsDir, `${name}.${format}`);

      const scratch = await mkdtemp(join(tmpdir(), "harbor-"));
      const source = join(scratch, "note.md");
      try {
        await writeFile(source, note.body);
        // The title goes along as metadata, so that it heads the document.
        await exec(`pandoc "${source}" --metadata title="${note.title}" -o "${target}"`, { timeout: 60_000 });
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
      return text(`Exported to ${target}`);
    },
  );
}
