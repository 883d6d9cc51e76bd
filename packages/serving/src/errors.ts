/** Everything that serving refuses or fails at, by name. Codes are never reused for another meaning. */
export type ServingErrorCode =
  /** The contract file cannot be read, is not JSON, or breaks a rule. */
  | "contract"
  /** The rows given to a model do not fit its contract. */
  | "instances"
  /** A URI that names no place a model can come from, or a place that does not hold it. */
  | "model-uri"
  | "model-fetch"
  | "model-too-large"
  | "model-digest"
  /** The file is there but is no model that onnxruntime loads. */
  | "model-invalid"
  /** The graph and its contract disagree. */
  | "model-contract"
  | "model-probe"
  /** onnxruntime-node cannot be found, installed or loaded. */
  | "runtime"
  /** A request took longer than allowed; its process was killed. */
  | "timeout"
  /** The process died under the request. */
  | "crash"
  /** onnxruntime refused the rows. */
  | "inference"
  /** Too many requests wait, or one has waited too long. */
  | "overloaded"
  /** There is no process to ask: the model is being loaded, or cannot be loaded again. */
  | "unavailable"
  | "stopped"
  /** The server's environment. */
  | "settings";

export interface ServingErrorOptions {
  remedy: string;
  /** Each problem on its own, when there are several. */
  problems?: string[];
  cause?: unknown;
}

export class ServingError extends Error {
  override readonly name = "ServingError";
  readonly code: ServingErrorCode;
  /** What to do about it. */
  readonly remedy: string;
  readonly problems: string[];
  constructor(code: ServingErrorCode, message: string, options: ServingErrorOptions) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
    this.problems = options.problems ?? [];
  }
}

/** The most problems that one answer lists: enough to mend a file, short enough to read. */
export const problemsShown = 10;

/** A value that a stranger sent, made safe to quote: one line, JSON-escaped, at most 60 characters. */
export function quote(value: unknown): string {
  if (typeof value === "bigint") return quoteText(value.toString());
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return quoteText(JSON.stringify(value) ?? String(value));
}

function quoteText(text: string): string {
  // JSON leaves DEL, C1 controls and the line separators as they are; a terminal or a log does not.
  const escaped = text.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return escaped.length <= 60 ? escaped : `${escaped.slice(0, 57)}…`;
}
