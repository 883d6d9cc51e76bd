/** How much each feature matters to the model: a JSON object, in the input itself or in a file. */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { UserError } from "@ml-actions/action-kit/action";

/** Weights of thousands of features are far below. */
const largestFileBytes = 1 << 20;

const remedy = 'Write a JSON object of weights from 0, such as {"temp": 0.4, "carrier": 0.1}.';

/** @throws UserError naming every weight that is none */
export function parseImportance(given: string): Record<string, number> {
  const text = given.trim().startsWith("{") ? given : read(given.trim());
  const weights = parse(text);
  const wrong = Object.entries(weights).filter(
    ([, weight]) => typeof weight !== "number" || !Number.isFinite(weight) || weight < 0,
  );
  if (wrong.length > 0) {
    const shown = wrong
      .slice(0, 5)
      .map(([name, weight]) => `${JSON.stringify(name)}: ${JSON.stringify(weight)}`);
    const more = wrong.length > 5 ? ` and ${wrong.length - 5} more` : "";
    throw new UserError(`expected weights from 0, got ${shown.join(", ").slice(0, 500)}${more}`, { remedy });
  }
  return weights as Record<string, number>;
}

function read(path: string): string {
  const file = resolve(path);
  try {
    const { size } = statSync(file);
    if (size > largestFileBytes)
      throw new Error(`it has ${size} bytes, at most ${largestFileBytes} are read`);
    return readFileSync(file, "utf8");
  } catch (cause) {
    const shown = JSON.stringify(path.slice(0, 200));
    const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    throw new UserError(`neither a JSON object nor a file that can be read: ${shown} (${why})`, {
      remedy,
      cause,
    });
  }
}

function parse(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UserError(`expected a JSON object, got ${JSON.stringify(text.slice(0, 60))}`, {
      remedy,
      cause,
    });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new UserError(`expected a JSON object, got ${JSON.stringify(value).slice(0, 60)}`, { remedy });
}
