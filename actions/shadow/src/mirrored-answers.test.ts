import type { Release } from "@ml-actions/rollout/target";
import type { Prediction } from "@ml-actions/rollout/targets/index";
import type { LocalTarget } from "@ml-actions/rollout/targets/local";
import { expect, it } from "vitest";
import { MirroredAnswers } from "./mirrored-answers.ts";

const release = (digest: string): Release => ({
  digest,
  label: digest,
  model: { digest, uri: digest, contract: digest },
});
const [stable, candidate] = [release("sha256:1"), release("sha256:2")];
const line = (at: number, id: string, ms = 1): Prediction => ({
  at,
  request_id: id,
  model: "sha256:0",
  input: "sha256:aa",
  outputs: [0.5],
  ms,
});

function mirrored(logs: Record<string, Prediction[]>, copiesFromMs: number): MirroredAnswers {
  const side = { requests: 9, errors: 0, nan: 0, latency: null };
  const opened: Pick<LocalTarget, "mirrorTelemetry" | "predictions"> = {
    mirrorTelemetry: { observe: async () => ({ at: 1, ok: true, stable: side, candidate: side }) },
    async *predictions(digest) {
      yield* logs[digest] ?? [];
    },
  };
  return new MirroredAnswers(opened, { stable, candidate, width: 1, copiesFromMs });
}

it("leaves out what stable had before copies were sent, and waits for answers that may still come", async () => {
  const now = Date.now();
  const logs = {
    [stable.digest]: [
      line(now - 60_000, "long ago"),
      line(now - 29_000, "had it before", 2_000),
      line(now - 28_000, "copied"),
      line(now - 20_000, "lost"),
      line(now - 500, "young"),
    ],
    [candidate.digest]: [line(now - 27_999, "copied"), line(now - 400, "young, of stable not logged yet")],
  };
  const answers = mirrored(logs, now - 30_000);
  const { tally, sent } = await answers.look();
  expect(tally).toEqual({ eligible: 2, compared: 1, duplicates: 0, differingInputs: 0, unanswered: 1 });
  expect(sent).toBe(9);
});

it("takes an answer that comes late, at a later look", async () => {
  const now = Date.now();
  const theirs: Prediction[] = [];
  const logs = { [stable.digest]: [line(now - 4_000, "slow")], [candidate.digest]: theirs };
  const answers = mirrored(logs, now - 30_000);
  expect((await answers.look()).tally).toMatchObject({ eligible: 1, compared: 0, unanswered: 1 });
  theirs.push(line(now, "slow", 4_000));
  expect((await answers.look()).tally).toMatchObject({ eligible: 1, compared: 1, unanswered: 0 });
});
