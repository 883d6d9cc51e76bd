/** JSON as the formatter of this repository writes it, so that generated files are formatted as well. */

/** `lineWidth` of biome.json. */
const LINE_WIDTH = 110;

/** Two spaces of indent, a list of scalars on one line where it fits, a line break at the end. */
export function jsonText(value: unknown): string {
  return `${written(value, "", 0)}\n`;
}

/** `before` is how much of the line is taken when the value begins. */
function written(value: unknown, indent: string, before: number): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    const line = `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
    const scalars = value.every((item) => typeof item !== "object" || item === null);
    // A comma may follow.
    if (scalars && before + line.length + 1 <= LINE_WIDTH) return line;
    const items = value.map((item) => `${inner}${written(item, inner, inner.length)}`);
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (entries.length === 0) return "{}";
  const lines = entries.map(([key, item]) => {
    const begin = `${inner}${JSON.stringify(key)}: `;
    return begin + written(item, inner, begin.length);
  });
  return `{\n${lines.join(",\n")}\n${indent}}`;
}
