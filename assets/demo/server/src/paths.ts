import { realpath } from "node:fs/promises";
import { join, relative, sep } from "node:path";

const PLAIN_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/;

/**
 * Returns the path of a file that may be written in `dir`.
 *
 * A name has no separators and no leading dot, so it cannot climb; a `dir` that is a link out of `root` is refused.
 */
export async function fileInside(root: string, dir: string, name: string): Promise<string> {
  if (!PLAIN_NAME.test(name)) throw new Error("A file name has letters, digits, dot, dash and underscore only");
  const realRoot = await realpath(root);
  const realDir = await realpath(dir);
  const way = relative(realRoot, realDir);
  if (way === ".." || way.startsWith(`..${sep}`)) throw new Error("That folder is outside the data directory");
  return join(realDir, name);
}
