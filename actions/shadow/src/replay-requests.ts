/** The recorded requests of a replay: JSON Lines, one file or several, each line read once to be checked before
 * anything is started, and once more to be sent. One line is held at a time. */
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { UserError } from "@ml-actions/action-kit/action";
import { z } from "zod";

/** What a server takes is a fraction of it. */
const maxLineBytes = 32 * 1024 * 1024;
const problemsShown = 10;
const newline = 0x0a;

/** A request id that a server takes as it is: any other it would replace, and the answers could not be joined. */
const id = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, "expected 1 to 200 printable ASCII characters without blanks");
const version = z.string().regex(/^[\w.-]{1,60}$/, "expected 1 to 60 letters, digits, `.`, `_`, `-`");
const status = z.int().min(100).max(599);

const lineSchema = z
  .strictObject({
    request_id: id.optional(),
    version: version.optional(),
    instances: z.array(z.unknown()).optional(),
    body: z.unknown().optional(),
    expect: z
      .strictObject({ status: status.optional(), response: z.unknown().optional() })
      .refine(
        (expect) => expect.status !== undefined || expect.response !== undefined,
        "says neither `status` nor `response`",
      )
      .optional(),
  })
  .refine((line) => (line.instances === undefined) !== (line.body === undefined), {
    error: "expected either `instances` or, for a request that is meant to be refused, a whole `body`",
  });

export interface ReplayRequest {
  id: string;
  /** Of the API's contract. */
  version: string;
  /** JSON, with every number as it was written. */
  body: string;
  /** What the answer must be like, where that was recorded. */
  expect?: { status?: number | undefined; response?: unknown };
}

/**
 * Checks every line of every file, so that nothing starts on a file that breaks off in the middle.
 *
 * @throws UserError that shows the first ten problems and counts the rest
 */
export async function surveyRequests(
  paths: readonly string[],
): Promise<{ requests: number; versions: string[] }> {
  const places = new Map<string, string>();
  const versions = new Set<string>();
  const problems: string[] = [];
  let count = 0;
  const problem = (text: string) => {
    count += 1;
    if (problems.length < problemsShown) problems.push(text);
  };
  for (const path of paths) {
    let found = 0;
    for await (const { request, place, fault } of linesIn(path, paths.length > 1)) {
      found += 1;
      if (request === null) {
        problem(`${place}: ${fault}`);
        continue;
      }
      const before = places.get(request.id);
      if (before !== undefined)
        problem(`${place}: the request_id ${JSON.stringify(request.id)} was there before (${before})`);
      else places.set(request.id, place);
      versions.add(request.version);
    }
    if (found === 0) problem(`${basename(path)}: there is no request in it`);
  }
  if (count === 0) return { requests: places.size, versions: [...versions] };
  const more = count > problems.length ? `\n  - and ${count - problems.length} more` : "";
  throw new UserError(`requests: ${problems.map((text) => `\n  - ${text}`).join("")}${more}`, {
    remedy:
      'Write one request a line, each with an id of its own: {"request_id": "r1", "instances": [{"feature": value}]}.',
  });
}

/** All requests in order. @throws UserError when a file is no longer what was surveyed */
export async function* readRequests(paths: readonly string[]): AsyncGenerator<ReplayRequest> {
  for (const path of paths) {
    for await (const { request, place } of linesIn(path, paths.length > 1)) {
      if (request !== null) yield request;
      else
        throw new UserError(`requests: ${place} has changed since it was checked.`, {
          remedy: "Let nobody write to the file while it is replayed.",
        });
    }
  }
}

interface Line {
  request: ReplayRequest | null;
  /** `requests.jsonl, line 7`. */
  place: string;
  fault: string;
}

/** @param several ids made from line numbers then need the file's name to be unique */
async function* linesIn(path: string, several: boolean): AsyncGenerator<Line> {
  const stem =
    basename(path)
      .replace(/\.[^.]*$/, "")
      .replace(/[^\w.-]+/g, "-")
      .slice(0, 60) || "requests";
  let number = 0;
  for await (const bytes of rawLines(path)) {
    number += 1;
    const place = `${basename(path)}, line ${number}`;
    const named = several ? `${stem}-line-${number}` : `line-${number}`;
    if (bytes === null) {
      yield { request: null, place, fault: `is longer than ${maxLineBytes / 1024 ** 2} MiB` };
      return;
    }
    if (bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)) continue;
    yield { place, ...parsed(bytes, { id: named, version: stem }) };
  }
}

function parsed(bytes: Buffer, standIn: { id: string; version: string }): Omit<Line, "place"> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes), asWritten);
  } catch (cause) {
    return { request: null, fault: `not JSON: ${(cause as Error).message.slice(0, 200)}` };
  }
  const result = lineSchema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    const where = issue?.path.join(".");
    return { request: null, fault: `${where ? `${where}: ` : ""}${issue?.message.slice(0, 300)}` };
  }
  const { request_id = standIn.id, version: given = standIn.version, instances, body, expect } = result.data;
  const request = {
    id: request_id,
    version: given,
    body: JSON.stringify(instances === undefined ? body : { instances }),
    ...(expect === undefined ? {} : { expect }),
  };
  return { request, fault: "" };
}

/** TypeScript does not know it yet: https://tc39.es/proposal-json-parse-with-source/ */
const exact = JSON as unknown as { rawJSON(text: string): unknown };

/** An integer that a double cannot hold is sent on digit by digit, not as its neighbour. */
function asWritten(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return /^-?\d{16,}$/.test(source) ? exact.rawJSON(source) : value;
}

/** null for a line that is too long, which is the last then. */
async function* rawLines(path: string): AsyncGenerator<Buffer | null> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      yield Buffer.concat([...parts, chunk.subarray(from, at)]);
      [parts, length, from] = [[], 0, at + 1];
    }
    parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > maxLineBytes) {
      yield null;
      return;
    }
  }
  if (length > 0) yield Buffer.concat(parts);
}
