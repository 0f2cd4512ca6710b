import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { fileInside } from "../paths.js";
import type { Deps } from "../server.js";
import { text } from "./reply.js";

const PREVIEW = 2_000;

export function registerAttach(server: McpServer, { config, store }: Deps) {
  server.registerTool(
    "attach_url",
    {
      description: "Download a file and keep it beside a note",
      inputSchema: z.strictObject({
        note: z.uuid(),
        url: z.url({ protocol: /^https?$/ }),
        name: z.string().min(1).max(80),
      }),
    },
    async ({ note, url, name }) => {
      if (!store.get(note)) return text("No such note");

      const response = await fetch(url, { redirect: "follow" });
      if (!response.ok) return text(`The address answered ${response.status}`);
      const bytes = Buffer.from(await response.arrayBuffer());

      const dir = join(config.dataDir, "attachments", note);
      await mkdir(dir, { recursive: true });
      const target = await fileInside(config.dataDir, dir, name);
      await writeFile(target, bytes);
      store.attach(note, target, url);

      const preview = /^text\//.test(response.headers.get("content-type") ?? "")
        ? `\n\n${bytes.subarray(0, PREVIEW).toString("utf8")}`
        : "";
      return text(`Attached ${bytes.length} bytes as ${name}${preview}`);
    },
  );
}
