/**
 * What the runner takes from a step's output: workflow commands, masks, annotations. Follows ActionCommand.cs,
 * ActionCommandManager.cs and OutputManager.cs of actions/runner; stricter where that only warns, because our actions
 * must use none of what is deprecated.
 */

export interface Annotation {
  level: "error" | "warning" | "notice";
  message: string;
  /** file, line, col, endLine, endColumn, title, as given. */
  properties: Record<string, string>;
}

export interface Output {
  /** What people read in the log of the step: masked, commands carried out. */
  log: string[];
  annotations: Annotation[];
  /** How many annotations GitHub drops without a word, over ten of a level. */
  dropped: number;
  masks: Set<string>;
  /** What the runner refuses, e.g. `set-env` on stdout. */
  refused: string[];
}

interface Command {
  name: string;
  properties: Record<string, string>;
  data: string;
}

const MOST_OF_A_LEVEL = 10;
const REFUSED = new Set(["set-env", "add-path", "set-output", "save-state"]);
const KNOWN = new Set([
  ...REFUSED,
  "add-mask",
  "add-matcher",
  "remove-matcher",
  "debug",
  "warning",
  "error",
  "notice",
  "group",
  "endgroup",
  "echo",
  "stop-commands",
]);

export function emptyOutput(masks: Iterable<string> = []): Output {
  return { log: [], annotations: [], dropped: 0, masks: new Set(masks), refused: [] };
}

/** Takes the lines of a step, one after the other. `debug` shows what `ACTIONS_STEP_DEBUG` shows. */
export function outputReader(
  output: Output,
  { debug = false }: { debug?: boolean } = {},
): (line: string) => void {
  let stopToken: string | undefined;
  const say = (line: string) => output.log.push(masked(line, output.masks));
  return (line) => {
    const command = line.includes("::") || line.includes("##[") ? parseCommand(line, stopToken) : undefined;
    if (command === undefined) {
      say(line);
    } else if (stopToken !== undefined) {
      // Until its token comes, everything is text.
      if (command.name === stopToken) stopToken = undefined;
      else say(line);
    } else if (command.name === "stop-commands") {
      stopToken = command.data;
    } else {
      obey(command, output, say, debug);
    }
  };
}

function obey(
  { name, properties, data }: Command,
  output: Output,
  say: (line: string) => void,
  debug: boolean,
): void {
  if (REFUSED.has(name)) {
    output.refused.push(`::${name}:: is disabled or deprecated`);
  } else if (name === "add-mask") {
    if (data.trim() === "") output.refused.push("::add-mask:: of nothing");
    // The whole value, and each of its lines, since the lines of a child process come one by one.
    for (const value of [data, ...data.split(/\r\n|\r|\n/)]) if (value.trim() !== "") output.masks.add(value);
  } else if (name === "error" || name === "warning" || name === "notice") {
    const message = masked(data, output.masks);
    const same = output.annotations.filter(({ level }) => level === name).length;
    if (same < MOST_OF_A_LEVEL) output.annotations.push({ level: name, message, properties });
    else output.dropped += 1;
    say(`${name[0]?.toUpperCase()}${name.slice(1)}: ${data}`);
  } else if (name === "group") {
    say(`▼ ${data}`);
  } else if (name === "debug" && debug) {
    say(`debug: ${data}`);
  }
}

/** `::name key=value,key=value::data`, or the older `##[name key=value;]data` anywhere in the line. */
export function parseCommand(line: string, stopToken?: string): Command | undefined {
  const known = (name: string) => KNOWN.has(name.toLowerCase()) || name === stopToken;
  // .NET trims U+0085 too, which \s does not have.
  const trimmed = line.replace(/^[\s\u0085]+/, "");
  const end = trimmed.startsWith("::") ? trimmed.indexOf("::", 2) : -1;
  if (end >= 0) {
    const [name = "", properties] = cut(trimmed.slice(2, end), " ");
    if (!known(name)) return undefined;
    const data = unescaped(trimmed.slice(end + 2), DATA);
    return { name: lower(name, stopToken), properties: pairs(properties, ",", PROPERTY), data };
  }
  const begin = line.indexOf("##[");
  const close = begin < 0 ? -1 : line.indexOf("]", begin);
  if (close < 0) return undefined;
  const [name = "", properties] = cut(line.slice(begin + 3, close), " ");
  if (!known(name)) return undefined;
  const data = unescaped(line.slice(close + 1), OLD);
  return { name: lower(name, stopToken), properties: pairs(properties, ";", OLD), data };
}

const lower = (name: string, stopToken: string | undefined) =>
  name === stopToken ? name : name.toLowerCase();

const DATA: [string, string][] = [
  ["%0D", "\r"],
  ["%0A", "\n"],
  ["%25", "%"],
];
const PROPERTY: [string, string][] = [
  ["%0D", "\r"],
  ["%0A", "\n"],
  ["%3A", ":"],
  ["%2C", ","],
  ["%25", "%"],
];
const OLD: [string, string][] = [
  ["%3B", ";"],
  ["%0D", "\r"],
  ["%0A", "\n"],
  ["%5D", "]"],
  ["%25", "%"],
];

function unescaped(text: string, table: readonly [string, string][]): string {
  return table.reduce((result, [escaped, plain]) => result.replaceAll(escaped, plain), text);
}

function pairs(text: string, separator: string, table: readonly [string, string][]): Record<string, string> {
  const entries = text.split(separator).map((pair) => cut(pair.trim(), "="));
  return Object.fromEntries(
    entries
      .filter(([key, value]) => key !== "" && value !== "")
      .map(([key, value]) => [key, unescaped(value, table)]),
  );
}

function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

export function masked(text: string, masks: Iterable<string>): string {
  const longestFirst = [...masks].sort((a, b) => b.length - a.length);
  return longestFirst.reduce((result, mask) => result.replaceAll(mask, "***"), text);
}
