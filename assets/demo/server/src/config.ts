import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

const list = (text: string) => text.split(",").map((part) => part.trim()).filter(Boolean);

const Env = z.object({
  HARBOR_API_KEY: z.string().min(1),
  HARBOR_API_BASE: z.url({ protocol: /^https$/ }).default("https://api.harbor-notes.example/v1"),
  HARBOR_SYNC: z.enum(["on", "off"]).default("on"),
  HARBOR_DATA_DIR: z.string().default(join(homedir(), ".harbor-notes")),
  HARBOR_HTTP_HOST: z.string().default("127.0.0.1"),
  HARBOR_HTTP_PORT: z.coerce.number().int().min(1).max(65535).default(8787),
  HARBOR_HTTP_TOKEN: z.string().min(32).optional(),
  HARBOR_ALLOWED_HOSTS: z.string().default("localhost,127.0.0.1").transform(list),
});

export interface Config {
  apiKey: string;
  apiBase: string;
  sync: boolean;
  dataDir: string;
  http: { host: string; port: number; token: string | undefined; allowedHosts: string[] };
}

/** Reads the environment. The message of an error names variables and never shows their values. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const parsed = Env.safeParse(env);
  if (!parsed.success) {
    const names = [...new Set(parsed.error.issues.map((issue) => issue.path.join(".")))];
    throw new Error(`Missing or malformed in the environment: ${names.join(", ")}`);
  }
  const e = parsed.data;
  return {
    apiKey: e.HARBOR_API_KEY,
    apiBase: e.HARBOR_API_BASE,
    sync: e.HARBOR_SYNC === "on",
    dataDir: e.HARBOR_DATA_DIR,
    http: {
      host: e.HARBOR_HTTP_HOST,
      port: e.HARBOR_HTTP_PORT,
      token: e.HARBOR_HTTP_TOKEN,
      allowedHosts: e.HARBOR_ALLOWED_HOSTS,
    },
  };
}
