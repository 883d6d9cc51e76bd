/** Everything a registry, or the way to it, can refuse. Codes are never reused for another meaning. */
export type OciErrorCode =
  /** A reference that names no image or artifact. */
  | "reference"
  /** 401: no credentials, or wrong ones. */
  | "unauthorized"
  /** 403: known, but not allowed. */
  | "denied"
  | "not-found"
  /** 429, after every retry. */
  | "rate-limited"
  /** Any other status that is no success, after every retry where one helps. */
  | "status"
  /** No connection, or one that broke, after every retry. */
  | "network"
  /** A proxy that the environment names and that cannot be used, or lets nothing through. */
  | "proxy"
  /** A redirect that leads nowhere safe. */
  | "redirect"
  /** The bytes are not those that were asked for. */
  | "digest"
  | "too-large"
  /** A manifest that breaks its specification. */
  | "manifest"
  /** The Docker configuration, a credential helper or a token server. */
  | "credentials"
  /** A tag that already names something else: tags of releases are never overwritten. */
  | "conflict"
  /** A directory that is no image layout, or a damaged one. */
  | "layout"
  /** What should become an image cannot. */
  | "image"
  /** The local file cannot be written. */
  | "file";

export class OciError extends Error {
  override readonly name = "OciError";
  readonly code: OciErrorCode;
  /** What to do about it. */
  readonly remedy: string;
  constructor(code: OciErrorCode, message: string, options: { remedy: string; cause?: unknown }) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
  }
}
