/** What the sources over HTTP share: a file and the contract beside it, with failures named for the reader. */
import { download, type Exchange, OciError } from "@ml-actions/oci";
import { ServingError, type ServingErrorCode } from "../errors.ts";
import { contractName } from "../load-contract.ts";
import { alreadyThere, localPath } from "./local-file.ts";
import type { FetchOptions } from "./source.ts";

const maxContractBytes = 32 * 1024 * 1024;

export interface RemoteFile {
  url: URL;
  /** Called for every attempt: a signature holds for minutes. */
  request: (url: URL) => Promise<Exchange>;
  /** The URI as the reader wrote it, without secrets. */
  shown: string;
}

/** Fetches the model and, when asked, the contract beside it; gives the model's path. */
export async function fetchWithContract(file: RemoteFile, options: FetchOptions): Promise<string> {
  const { directory, digest, maxBytes, withContract } = options;
  const name = decoded(file.url.pathname);
  const path = localPath(directory, name);
  if (withContract) {
    const url = new URL(file.url);
    // Only the last segment's ending changes; an encoded slash in it stays encoded.
    url.pathname = url.pathname.replace(/[^/]*$/, contractName);
    const beside = { ...file, url, shown: `the contract beside ${file.shown}` };
    await fetchFile(beside, localPath(directory, decoded(url.pathname)), { maxBytes: maxContractBytes });
  }
  if (await alreadyThere(path, digest)) return path;
  await fetchFile(file, path, { maxBytes, ...(digest !== undefined && { digest }) });
  return path;
}

async function fetchFile(
  { url, request, shown }: RemoteFile,
  path: string,
  options: { maxBytes: number; digest?: string },
): Promise<void> {
  await download(url, () => request(url), path, options).catch((error) => {
    throw fetchError(error, shown);
  });
}

function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}

const codes: Partial<Record<OciError["code"], ServingErrorCode>> = {
  digest: "model-digest",
  "too-large": "model-too-large",
  reference: "model-uri",
};

/** An error of the transfer, told as serving's own. */
export function fetchError(error: unknown, shown: string): unknown {
  if (!(error instanceof OciError)) return error;
  return new ServingError(codes[error.code] ?? "model-fetch", `cannot fetch ${shown}: ${error.message}`, {
    cause: error,
    remedy: error.remedy,
  });
}
