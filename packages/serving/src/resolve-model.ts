/** A model URI → a file here, its digest, and its contract's file. */
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ServingError } from "./errors.ts";
import { contractBeside } from "./load-contract.ts";
import { fetchOverHttp } from "./sources/http.ts";
import { digestOf } from "./sources/local-file.ts";
import { fetchFromRegistry } from "./sources/registry.ts";
import { fetchFromS3 } from "./sources/s3.ts";
import type { FetchOptions, Source } from "./sources/source.ts";

export interface ResolveOptions {
  /** What is fetched is kept here; a file that is there already with the digest asked for is not fetched again. */
  directory: string;
  /** `sha256:<hex>` the model must have. */
  digest?: string;
  /** Where the contract is, if not beside the model: any URI that a model may have, too. */
  contract?: string;
  maxBytes?: number;
  environment?: NodeJS.ProcessEnv;
}

export interface ResolvedModel {
  path: string;
  /** `sha256:<hex>` of the file. */
  digest: string;
  /** Path of the contract file: beside the model, or fetched. It may not exist; `loadContract` says so. */
  contract: string;
}

const sources: Record<string, Source> = {
  "https:": fetchOverHttp,
  "http:": fetchOverHttp,
  "s3:": fetchFromS3,
  "oci:": fetchFromRegistry,
};

/** An ONNX file is one protobuf message, which cannot exceed 2 GiB (protobuf's encoding guide). */
const maxModelBytes = 2 ** 31;

/** `uri`: a path, `file:///…`, `https://…` (`http:` for this machine alone), `s3://bucket/key`, or
 * `oci://registry/repository@sha256:…`. Rejects with `ServingError` (`model-uri`, `model-fetch`, `model-too-large`,
 * `model-digest`). A file on this machine is used where it lies. */
export async function resolveModel(uri: string, options: ResolveOptions): Promise<ResolvedModel> {
  const { directory, digest, contract, maxBytes = maxModelBytes, environment = process.env } = options;
  const common = { directory, maxBytes, environment, ...(digest !== undefined && { digest }) };
  const path = await locate(uri, { ...common, withContract: contract === undefined });
  const actual = await digestOf(path);
  if (digest !== undefined && actual !== digest) {
    throw new ServingError(
      "model-digest",
      `the model at ${shownUri(uri)} has the digest ${actual}, not ${digest}`,
      {
        remedy: "Give the digest of this model, or the model of this digest.",
      },
    );
  }
  if (contract === undefined) return { path, digest: actual, contract: contractBeside(path) };
  const { digest: _ofModel, ...forContract } = common;
  return { path, digest: actual, contract: await locate(contract, { ...forContract, withContract: false }) };
}

async function locate(uri: string, options: FetchOptions): Promise<string> {
  const scheme = /^[a-z][a-z0-9+.-]+:/i.exec(uri)?.[0].toLowerCase();
  // A drive letter of Windows is one letter, and no scheme.
  if (scheme === undefined || isAbsolute(uri)) return resolve(uri);
  if (scheme === "file:") return fromFileUrl(uri);
  const source = sources[scheme];
  if (source === undefined) {
    throw new ServingError("model-uri", `no model can come from ${shownUri(uri)}: ${scheme} is not known`, {
      remedy: `Give a path, file:, ${Object.keys(sources).join(", ")} (http: for this machine alone).`,
    });
  }
  return source(uri, options);
}

function fromFileUrl(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch (cause) {
    throw new ServingError("model-uri", `${shownUri(uri)} is no file URL: ${(cause as Error).message}`, {
      cause,
      remedy: "Write file:/// and an absolute path.",
    });
  }
}

/** A URI for messages: its query may be a signature, its user name a password. */
function shownUri(uri: string): string {
  return JSON.stringify(
    uri
      .replace(/[?#].*$/s, "")
      .replace(/\/\/[^/@]*@/, "//")
      .slice(0, 300),
  );
}
