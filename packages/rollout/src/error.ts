/** The one error of this package: what was wrong, where, and what to do about it. */

export const rolloutErrorCodes = [
  /** Another holder has the lease and it has not expired. */
  "lease-held",
  /** This rollout does not hold the lease (any more): it expired, was seized, or the rollout was closed. */
  "lease-lost",
  /** An argument or a stored file is not what it must be. */
  "invalid",
  "unknown-target",
  /** The model or contract file is missing or is not the one that the release names. */
  "artifact",
  "no-candidate",
  "no-stable",
  "already-stable",
  /** A release did not answer its readiness probe in time. */
  "not-ready",
  /** The traffic did not go where the split says it goes. */
  "not-routed",
  /** The step was cut short because stable was restored or the target is shutting down. */
  "superseded",
  /** This target has no way to do that. */
  "unsupported",
  /** The place where the releases run cannot be reached or started. */
  "unreachable",
  "port-in-use",
  /** The target runs already, in a way that contradicts what was asked. */
  "conflict",
  /** A rollout was left open and cannot be taken up again. */
  "interrupted",
  /** There is no release to roll back to, or not the one that was asked for. */
  "no-previous",
  /** Stable could not be given all traffic; the guard will do it when the lease expires. */
  "restore-failed",
  /** Nobody would restore stable if this process vanished, and it was asked that somebody would. */
  "no-guard",
] as const;
export type RolloutErrorCode = (typeof rolloutErrorCodes)[number];

export class RolloutError extends Error {
  override readonly name: string = "RolloutError";
  readonly code: RolloutErrorCode;
  /** What to do, in one sentence. */
  readonly remedy: string;

  constructor(code: RolloutErrorCode, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.remedy = remedy;
  }
}
