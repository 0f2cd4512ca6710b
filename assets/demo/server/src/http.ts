import { createServer, type IncomingMessage, type Server } from "node:http";
import { hostHeaderValidation, NodeStreamableHTTPServerTransport, originValidation } from "@modelcontextprotocol/node";
import { BearerGate } from "./auth.js";
import type { Config } from "./config.js";
import { log } from "./log.js";
import { buildServer, type Deps } from "./server.js";

async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

/** Serves streamable HTTP at /mcp. Every request has its own server: nothing is shared between clients. */
export function serveHttp(config: Config, deps: Deps): Server {
  const { host, port, token, allowedHosts } = config.http;
  if (token === undefined) throw new Error("--http needs HARBOR_HTTP_TOKEN");
  const gate = new BearerGate(token);
  const hostAllowed = hostHeaderValidation(allowedHosts);
  const originAllowed = originValidation(allowedHosts);

  const server = createServer(async (req, res) => {
    if (!hostAllowed(req, res) || !originAllowed(req, res)) return;
    if (!gate.admit(req, res)) return;
    if (req.method !== "POST" || req.url !== "/mcp") {
      res.writeHead(404).end();
      return;
    }
    try {
      const body = await readJson(req);
      const mcp = buildServer(deps);
      const transport = new NodeStreamableHTTPServerTransport({ sessionIdGenerator: undefined });
      res.on("close", () => void transport.close());
      await mcp.connect(transport);
      await transport.handleRequest(req, res, body);
    } catch (err) {
      log.error("request failed", { reason: err instanceof Error ? err.message : "unknown" });
      if (!res.headersSent) res.writeHead(400, { "content-type": "application/json" });
      res.end(JSON.stringify({ error: "bad request" }));
    }
  });

  server.listen(port, host, () => log.info("listening", { host, port }));
  return server;
}
