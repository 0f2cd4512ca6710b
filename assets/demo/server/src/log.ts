const SECRET_NAMES = /key|token|secret|password|authorization|cookie/i;
const BEARER = /\bBearer\s+\S+/gi;

/** Returns a copy with the values of secret-looking fields, and bearer tokens in text, replaced. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return value.replace(BEARER, "Bearer [redacted]");
  if (value === null || typeof value !== "object") return value;
  if (depth > 4) return "[deep]";
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      SECRET_NAMES.test(name) ? "[redacted]" : redact(item, depth + 1),
    ]),
  );
}

function write(level: string, message: string, fields: Record<string, unknown>) {
  const line = { time: new Date().toISOString(), level, message, ...(redact(fields) as object) };
  // stdout belongs to the protocol in stdio mode.
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

export const log = {
  info: (message: string, fields: Record<string, unknown> = {}) => write("info", message, fields),
  warn: (message: string, fields: Record<string, unknown> = {}) => write("warn", message, fields),
  error: (message: string, fields: Record<string, unknown> = {}) => write("error", message, fields),
};
