/**
 * The proof that traffic goes where the split says. Requests with the supervisor's token come in by the public port,
 * like a caller's; the proxy draws their side from the live shares, though from a block of their own so that no caller's
 * request moves, and the release whose turn it is answers. They are counted nowhere.
 */
import { Agent, get } from "node:http";
import { RolloutError } from "../error.ts";
import { blockSizeFor } from "./splitter.ts";

/** Enough to see every whole percent exactly, which one block of probes shows. */
const mostProbes = 1_000;
const atOnce = 16;
/** Another probe run may draw from the same block; then neither sees its shares exactly. */
const attempts = 5;

export interface SplitClaim {
  host: string;
  port: number;
  probeToken: string;
  stable: string | null;
  candidate: string | null;
  candidatePercent: number;
}

/** Rejects with `not-routed` when the releases that answered are not those, in those shares. */
export async function proveSplit(claim: SplitClaim): Promise<void> {
  const size = Math.min(blockSizeFor(claim.candidatePercent), mostProbes);
  const exact = size === blockSizeFor(claim.candidatePercent);
  const expected = (claim.candidatePercent * size) / 100;
  // A part of a longer block varies: three standard deviations of a draw without replacement are below this.
  const tolerance = exact ? 0 : 3 * Math.sqrt(expected) + 1;
  let seen = new Map<string, number>();
  for (let attempt = 0; attempt < attempts; attempt++) {
    seen = await answerers(claim, size);
    const candidates = seen.get(claim.candidate ?? "") ?? 0;
    const stables = seen.get(claim.stable ?? "") ?? 0;
    if (candidates + stables === size && Math.abs(candidates - expected) <= tolerance) return;
  }
  const who = [...seen].map(([name, count]) => `${name || "nobody"} ${count}`).join(", ");
  throw new RolloutError(
    "not-routed",
    `Of ${size} probes on port ${claim.port}, ${expected} should have reached the candidate ${claim.candidate}; seen: ${who}.`,
    "Another process may answer on the port, or another run change the split; read the target's situation and restore.",
  );
}

/** How many probes each release answered. */
async function answerers(claim: SplitClaim, count: number): Promise<Map<string, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  try {
    const names = await Promise.all(Array.from({ length: count }, () => probe(claim, agent)));
    const seen = new Map<string, number>();
    for (const name of names) seen.set(name, (seen.get(name) ?? 0) + 1);
    return seen;
  } finally {
    agent.destroy();
  }
}

/** The digest of the release that answered, or what went wrong. */
function probe(claim: SplitClaim, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const { host, port, probeToken } = claim;
    const headers = { "x-ml-probe": probeToken };
    const request = get({ host, port, path: "/ready", headers, agent, timeout: 5_000 }, (answer) => {
      answer.resume();
      answer.on("error", (error) => resolve(error.message));
      answer.on("end", () => resolve(String(answer.headers["x-ml-release"] ?? "no release")));
    });
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}
