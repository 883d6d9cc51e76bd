import type { Gate } from "../types.ts";
import { type GateProblem, GateSyntaxError } from "./messages.ts";
import { formatGate, parseGate } from "./parse.ts";

/** More gates than this are a mistake, and their false alarms would add up. */
export const maxGates = 200;
const maxListChars = 200_000;

/**
 * Reads gates separated by newlines or commas. Commas inside braces or quotes do not separate; `#` outside them
 * begins a comment that ends with the line. Empty text is no gate at all: `[]`.
 * @throws GateSyntaxError with the problems of all gates at once; the same gate twice is a problem
 */
export function parseGates(text: string): Gate[] {
  if (text.length > maxListChars) {
    refuse(text, `a list of gates has at most ${maxListChars} characters, this one has ${text.length}`);
  }
  const lines = text.split(/\r\n|\r|\n/).flatMap(splitLine);
  if (lines.length > maxGates) {
    refuse(lines[maxGates] ?? "", `there are ${lines.length} gates, at most ${maxGates} are allowed`);
  }
  const gates: Gate[] = [];
  const problems: GateProblem[] = [];
  const seen = new Map<string, number>();
  lines.forEach((line, index) => {
    const gate = read(line, index + 1, problems);
    if (gate === undefined) {
      return;
    }
    const { rule: _, ...claim } = gate;
    const same = formatGate(claim);
    const first = seen.get(same);
    if (first === undefined) {
      seen.set(same, index + 1);
      gates.push(gate);
    } else {
      problems.push({
        line,
        offset: 0,
        position: index + 1,
        what: `it is the same as gate ${first}`,
        suggestion: "Remove one of the two.",
      });
    }
  });
  if (problems.length > 0) {
    throw new GateSyntaxError(problems);
  }
  return gates;
}

function refuse(line: string, what: string): never {
  throw new GateSyntaxError([{ line, offset: 0, what }]);
}

function read(line: string, position: number, problems: GateProblem[]): Gate | undefined {
  try {
    return parseGate(line);
  } catch (error) {
    if (!(error instanceof GateSyntaxError)) {
      throw error;
    }
    problems.push(...error.problems.map((problem) => ({ ...problem, position })));
    return undefined;
  }
}

/** The gates of one line, comments and empty pieces left out. */
function splitLine(line: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  let end = line.length;
  let inBraces = false;
  let inQuotes = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (inQuotes && char === "\\") {
      i++;
    } else if (char === '"') {
      inQuotes = !inQuotes;
    } else if (inQuotes) {
    } else if (char === "{" || char === "}") {
      inBraces = char === "{";
    } else if (char === "#" && !inBraces) {
      end = i;
      break;
    } else if (char === "," && !inBraces) {
      pieces.push(line.slice(start, i));
      start = i + 1;
    }
  }
  pieces.push(line.slice(start, end));
  return pieces.map((piece) => piece.replace(/^[ \t]+|[ \t]+$/g, "")).filter((piece) => piece !== "");
}
