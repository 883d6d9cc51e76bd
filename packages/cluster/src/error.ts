/** Everything a cluster's API, or the way to it, can refuse. Codes are never reused for another meaning. */
export type ClusterErrorCode =
  /** The kubeconfig: missing, malformed, or naming what it does not hold. */
  | "kubeconfig"
  /** What should give credentials gave none: an exec plugin, a token's file, an identity provider. */
  | "credentials"
  /** No connection, one that broke, 429 or 5xx, until patience was over; or a server that is no Kubernetes API. */
  | "unreachable"
  /** 401, with fresh credentials too. */
  | "unauthorized"
  /** 403: the message names verb, resource and namespace. */
  | "forbidden"
  | "not-found"
  | "exists"
  /** The object has changed since it was read. */
  | "conflict"
  /** Server-side apply: others own a field. The message names them and the fields. */
  | "owned"
  /** The API refuses the object or the request as it is. */
  | "invalid"
  /** More bytes than the API takes, or than we read. */
  | "too-large"
  /** The cluster does not know the kind: what defines it is not installed. */
  | "no-kind";

export class ClusterError extends Error {
  override readonly name = "ClusterError";
  readonly code: ClusterErrorCode;
  /** What to do about it. */
  readonly remedy: string;
  /** The HTTP status that said so. */
  readonly status: number | undefined;
  constructor(
    code: ClusterErrorCode,
    message: string,
    options: { remedy: string; cause?: unknown; status?: number | undefined },
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
    this.status = options.status;
  }
}

/** Words of others on one line of bounded length: what an API server quotes may come from anybody. */
export function plain(text: string, maxChars = 300): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  return line.length > maxChars ? `${line.slice(0, maxChars)}…` : line;
}
