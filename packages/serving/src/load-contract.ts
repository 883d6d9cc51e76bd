/** Reads a contract file and says everything that is wrong with it at once. */

import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { digestOfBytes } from "@ml-actions/oci/digest";
import { type Contract, contractSchema } from "./contract.ts";
import { problemsShown, quote, ServingError } from "./errors.ts";

/** Larger than any contract with 100,000 allowed values; a file beyond it is something else. */
const maxContractBytes = 32 * 1024 * 1024;

/** Where the contract of a model lies: `models/flights-2.onnx` → `models/flights-2.contract.json`. Also for the last
 * segment of a URL's path or an object key. */
export function contractBeside(modelPath: string): string {
  return join(dirname(modelPath), contractName(basename(modelPath)));
}

export function contractName(modelName: string): string {
  return `${modelName.replace(/\.(onnx|ort)$/i, "")}.contract.json`;
}

/**
 * Rejects with `ServingError` code `contract`: not readable, not JSON, or the broken rules, the first ten by place.
 *
 * @param digest `sha256:<hex>`: any other file is refused
 */
export async function loadContract(path: string, digest?: string): Promise<Contract> {
  const { contract, bytes } = await readContract(path);
  if (digest === undefined) return contract;
  const found = digestOfBytes(bytes);
  if (found === digest) return contract;
  throw new ServingError("contract", `the contract ${path} has the digest ${found}, not ${digest}`, {
    remedy: "It was changed after the release was made: deploy the release anew.",
  });
}

/** The same, with the very bytes that were read: for what names a contract by its digest. */
export async function readContract(path: string): Promise<{ contract: Contract; bytes: Uint8Array }> {
  const { bytes, text } = await read(path);
  return { contract: parseContract(text, path), bytes };
}

async function read(path: string): Promise<{ bytes: Uint8Array; text: string }> {
  try {
    const bytes = await readFile(path);
    if (bytes.byteLength > maxContractBytes) {
      throw new Error(`it holds ${bytes.byteLength} bytes, more than any contract`);
    }
    return { bytes, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new ServingError(
      "contract",
      missing
        ? `there is no contract file at ${path}`
        : `cannot read the contract ${path}: ${(cause as Error).message}`,
      {
        cause,
        remedy: missing
          ? "Write the model's contract beside it (model.onnx has model.contract.json), or say where it is."
          : "Give the path of a readable UTF-8 JSON file.",
      },
    );
  }
}

/** As `loadContract`, from text; `place` names it in errors. */
export function parseContract(text: string, place: string): Contract {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ServingError("contract", `${place} is not JSON: ${(cause as Error).message}`, {
      cause,
      remedy: "Mend the JSON at the place named.",
    });
  }
  const result = contractSchema.safeParse(json);
  if (result.success) return result.data;
  const all = result.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => `${located([...issue.path, key])}: is not a field of a contract`)
      : [`${located(issue.path)}: ${issue.message}`],
  );
  const problems = all.slice(0, problemsShown);
  if (all.length > problemsShown) problems.push(`… and ${all.length - problemsShown} more`);
  throw new ServingError("contract", `${place} is not a sound contract:\n  ${problems.join("\n  ")}`, {
    problems,
    remedy: "Mend the contract at the places named.",
  });
}

/** `features[3].minimum`. A key that is no plain word is quoted, whatever a stranger wrote there. */
function located(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the contract";
  return path
    .map((part) =>
      typeof part === "number"
        ? `[${part}]`
        : /^[\w-]+$/.test(String(part))
          ? `.${String(part)}`
          : `[${quote(part)}]`,
    )
    .join("")
    .replace(/^\./, "");
}
