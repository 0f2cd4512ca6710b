/** A tool's result of one piece of text. */
export function text(value: string) {
  return { content: [{ type: "text" as const, text: value }] };
}
