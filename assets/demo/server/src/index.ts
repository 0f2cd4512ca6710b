#!/usr/bin/env node
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { type Config, loadConfig } from "./config.js";
import { serveHttp } from "./http.js";
import { log } from "./log.js";
import { buildServer } from "./server.js";
import { Store } from "./store.js";
import { Upstream, UpstreamError } from "./upstream.js";

/** Stops the program unless Harbor knows the key: no tool is served on behalf of nobody. */
async function requireAccount(upstream: Upstream): Promise<void> {
  try {
    const account = await upstream.whoami();
    log.info("signed in", { account });
  } catch (err) {
    const status = err instanceof UpstreamError ? err.status : undefined;
    log.error("api key not accepted", { status });
    process.stderr.write("harbor-notes-mcp: Harbor did not accept HARBOR_API_KEY\n");
    process.exit(1);
  }
}

async function main(): Promise<void> {
  let config: Config;
  try {
    config = loadConfig();
  } catch (err) {
    process.stderr.write(`harbor-notes-mcp: ${(err as Error).message}\n`);
    process.exit(2);
  }
  const upstream = new Upstream(config);
  await requireAccount(upstream);

  const deps = { config, upstream, store: new Store(config.dataDir) };
  if (process.argv.includes("--http")) {
    serveHttp(config, deps);
  } else {
    await buildServer(deps).connect(new StdioServerTransport());
  }
}

await main();
