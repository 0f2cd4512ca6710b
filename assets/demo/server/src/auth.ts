import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { log } from "./log.js";

const digest = (text: string) => createHash("sha256").update(text).digest();

/**
 * The gate of http mode: lets a request pass only with the server's bearer token.
 *
 * Digests are compared, so that neither the length nor a common prefix of the token shows in the time it takes.
 */
export class BearerGate {
  private readonly expected: Buffer;

  constructor(token: string) {
    this.expected = digest(token);
  }

  /** Answers 401 itself and returns false where the request may not pass. */
  admit(req: IncomingMessage, res: ServerResponse): boolean {
    const header = req.headers.authorization ?? "";
    const [scheme, token] = header.split(" ", 2);
    const named = scheme?.toLowerCase() === "bearer" && token !== undefined;
    if (named && timingSafeEqual(digest(token), this.expected)) return true;

    log.warn("unauthorized request", {
      remote: req.socket.remoteAddress,
      reason: named ? "mismatch" : "missing",
    });
    res.writeHead(401, { "content-type": "application/json", "www-authenticate": "Bearer" });
    res.end(JSON.stringify({ error: "unauthorized" }));
    return false;
  }
}
