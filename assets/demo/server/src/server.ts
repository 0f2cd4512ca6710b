import { McpServer } from "@modelcontextprotocol/server";
import type { Config } from "./config.js";
import type { Store } from "./store.js";
import { registerAttach } from "./tools/attach.js";
import { registerExport } from "./tools/export.js";
import { registerNotes } from "./tools/notes.js";
import { registerSearch } from "./tools/search.js";
import type { Upstream } from "./upstream.js";

/** What every tool may use. */
export interface Deps {
  config: Config;
  store: Store;
  upstream: Upstream;
}

export function buildServer(deps: Deps): McpServer {
  const server = new McpServer({ name: "harbor-notes", version: "0.3.1" });
  registerNotes(server, deps);
  registerSearch(server, deps);
  registerExport(server, deps);
  registerAttach(server, deps);
  return server;
}
