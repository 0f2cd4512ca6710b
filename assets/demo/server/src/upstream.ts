import { z } from "zod";
import type { Config } from "./config.js";
import { MAX_BODY, MAX_TITLE, type Note } from "./store.js";

const TIMEOUT_MS = 10_000;

const Me = z.object({ account: z.string(), scopes: z.array(z.string()) });
const RemoteNote = z.object({
  id: z.uuid(),
  title: z.string().min(1).max(MAX_TITLE),
  body: z.string().max(MAX_BODY),
  updated: z.iso.datetime(),
});

interface Request {
  method: string;
  url: string;
  headers: Record<string, string>;
}

/** Harbor could not be reached, or said no. Keeps the request, so that a failure can be understood later. */
export class UpstreamError extends Error {
  constructor(
    message: string,
    readonly request: Request,
    readonly status?: number,
  ) {
    super(message);
    this.name = "UpstreamError";
  }
}

/** The Harbor API, on behalf of the key's owner. */
export class Upstream {
  constructor(private readonly config: Config) {}

  private async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const request: Request = {
      method,
      url: `${this.config.apiBase}${path}`,
      headers: {
        authorization: `Bearer ${this.config.apiKey}`,
        "content-type": "application/json",
      },
    };
    let response: Response;
    try {
      response = await fetch(request.url, {
        ...request,
        body: body === undefined ? undefined : JSON.stringify(body),
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch {
      throw new UpstreamError("Harbor cannot be reached", request);
    }
    if (!response.ok) throw new UpstreamError(`Harbor answered ${response.status}`, request, response.status);
    return response.status === 204 ? undefined : response.json();
  }

  /** Asks Harbor who the key belongs to; throws when the key is refused. */
  async whoami(): Promise<string> {
    return Me.parse(await this.call("GET", "/me")).account;
  }

  async push(note: Note): Promise<void> {
    await this.call("PUT", `/notes/${note.id}`, note);
  }

  async pull(id: string): Promise<Note> {
    return RemoteNote.parse(await this.call("GET", `/notes/${id}`));
  }
}
