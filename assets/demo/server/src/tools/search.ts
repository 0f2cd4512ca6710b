import type { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Deps } from "../server.js";
import { text } from "./reply.js";

export function registerSearch(server: McpServer, { store }: Deps) {
  server.registerTool(
    "search_notes",
    {
      description: "Search the local notes for a phrase",
      inputSchema: z.strictObject({
        words: z.string().min(1).max(200),
        limit: z.number().int().min(1).max(50).default(10),
      }),
    },
    async ({ words, limit }) => {
      const hits = store.search(words, limit);
      if (hits.length === 0) return text("Nothing found");
      return text(hits.map((hit) => `${hit.id} ${hit.title}\n  ${hit.snippet}`).join("\n"));
    },
  );
}
