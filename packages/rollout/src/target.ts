/**
 * A target is a place that runs releases and splits traffic between them. A target knows nothing of judges; a judge
 * knows nothing of targets; both meet in `rollout.ts`.
 */

/** What is run and judged. `digest` is its identity everywhere: the image's where there is one, else the model's. */
export interface Release {
  /** `sha256:<64 hex>`. */
  digest: string;
  /** For people: `flights-2`. */
  label: string;
  model: {
    digest: string;
    /** Where a target finds the ONNX file: a path, `file:`, `https:`, `s3:` or an OCI reference. */
    uri: string;
    /** Path of the contract file. */
    contract: string;
    /** Of its bytes; absent in what earlier versions kept. */
    contractDigest?: string;
  };
  /** The image that it was taken from, by digest: `ghcr.io/org/flights@sha256:…`. Left out: it was made from files. */
  image?: string;
  /** Its image's evidence was verified here before it was first prepared. Left out for files, which carry none. */
  verified?: {
    /** Milliseconds since 1970. */
    at: number;
    /** Digest of the verification summary: `sha256:<64 hex>`. */
    summary: string;
  };
}

/** What runs and what share it truly gets, now: read, not remembered. */
export interface Situation {
  /** null: nothing has ever been deployed here. */
  stable: Release | null;
  candidate: Release | null;
  /** The candidate's share of requests in percent, as routed now. */
  candidatePercent: number;
  mirrorPercent: number;
  /** Whether each side answers its readiness probe now. */
  ready: { stable: boolean; candidate: boolean };
  /** Why a side that is not ready is not, in the words of who knows; left out where nobody says. */
  why?: { stable?: string; candidate?: string };
  /** Who wrote the split as it is. Left out: the target cannot tell. */
  splitBy?: Author;
  /** What has a share of the traffic and is neither side. */
  strangers?: readonly string[];
  /** Where people and traffic reach it. */
  url: string;
}

/** Who wrote something, as the place that keeps it names its writers: no person, but what the person used. */
export interface Author {
  who: string;
  /** Milliseconds since 1970; null: it does not say. */
  at: number | null;
  /** It was a rollout. */
  ours: boolean;
}

/** Every call is idempotent and resumable: calling it again after any interruption ends in the same place. Each
 * rejects with a `RolloutError` that names what failed and what to do. */
export interface Target {
  read(): Promise<Situation>;
  /** Resolves when the candidate answers its probe, at 0 % traffic. On an empty target it prepares all the same;
   * `promote` then makes it stable. Preparing another candidate replaces one that gets no traffic. */
  prepare(candidate: Release): Promise<void>;
  /** Resolves only when routing is proven, not just accepted. */
  split(candidatePercent: number): Promise<void>;
  mirror(percent: number): Promise<void>;
  /** Capacity first, then traffic, then clean up: the candidate becomes stable, the old stable is kept as previous. */
  promote(): Promise<void>;
  /** Stable at 100 %: capacity first, then traffic, then the candidate goes. Without a candidate it does nothing. */
  restore(): Promise<void>;
}

/** Who holds a rollout, and until when. */
export interface Lease {
  /** For people and for the next run: a run URL, or host and pid. */
  holder: string;
  rollout: string;
  /** Stays through renewals; a later one tells a holder that it was without the lease for a while. */
  acquiredAt: number;
  expiresAt: number;
  /** What is left of it, by the clock of the place that keeps it: a runner's clock may be wrong. Left out where both are
   * one. */
  leftMs?: number;
  /** It is the guard's, which is restoring stable. */
  guard?: true;
}

/** One line of the journal, written before the step it names is taken. */
export interface JournalEntry {
  at: number;
  rollout: string;
  step: JournalStep;
  holder: string;
}

export type JournalStep =
  | { name: "begin"; candidate: Release; stable: Release | null; steps: number[] }
  | { name: "prepare" }
  | { name: "mirror"; percent: number }
  | { name: "split"; percent: number }
  | { name: "bake"; ms: number }
  | { name: "promote" }
  | { name: "restore"; reason: string; by: "judge" | "watch" | "guard" | "operator" | "resume" }
  | { name: "hold"; reason: string }
  /** `first`: there was nothing to compare with; `rollback`: an operator's, which needs no verdict. With stage
   * `promoted` the ledger puts the candidate of this rollout's `begin` at the head of the history. */
  | {
      name: "end";
      stage: "promoted" | "restored" | "held";
      verdict: "pass" | "fail" | "inconclusive" | "first" | "rollback";
    };

export interface HistoryEntry {
  release: Release;
  promotedAt: number;
  verdict: "pass" | "first" | "rollback";
  rollout: string;
}

/** Where a target's rollouts are remembered: the target's own annotation or ConfigMap, a file for `local`. It lives
 * beside the target and not beside the runner, so that it outlives the runner. */
export interface Ledger {
  /** Takes or renews the lease. Rejects with `RolloutError` code `lease-held` naming the holder when another has it
   * and it has not expired. `seize` takes it all the same (an operator's rollback); the loser learns at its next renewal. */
  hold(lease: { holder: string; rollout: string; ttlMs: number; seize?: boolean }): Promise<Lease>;
  release(rollout: string): Promise<void>;
  /** Appends; resolves once it is durable. Rejects with code `lease-lost` when `rollout` does not hold the lease. */
  write(entry: JournalEntry): Promise<void>;
  /** The journal's last rollout, oldest entry first; empty when there was none or it is closed and was read before. */
  journal(): Promise<JournalEntry[]>;
  lease(): Promise<Lease | null>;
  /** The last 10 releases that were stable, newest first; the present stable is the first. */
  history(): Promise<HistoryEntry[]>;
}
