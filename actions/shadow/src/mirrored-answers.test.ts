import { LogAnswers } from "@ml-actions/rollout/local/answers";
import type { Release } from "@ml-actions/rollout/target";
import type { MirroredTraffic, Prediction } from "@ml-actions/rollout/targets/index";
import { expect, it } from "vitest";
import { MirroredAnswers, ofCopied } from "./mirrored-answers.ts";

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

function mirrored(
  logs: Record<string, Prediction[]>,
  copiesFromMs: number,
  losses: string[] = [],
): MirroredAnswers {
  const side = { requests: 9, errors: 0, nan: 0, latency: null };
  const traffic: MirroredTraffic = {
    check: async () => {},
    telemetry: { observe: async () => ({ at: 1, ok: true, stable: side, candidate: side }) },
    answers: (_, digest, beginMs) => {
      const reader = new LogAnswers(async function* () {
        yield* logs[digest] ?? [];
      }, beginMs);
      return { read: (add, upToMs) => reader.read(add, upToMs), losses: () => losses };
    },
    now: () => Date.now(),
    settleMs: 0,
    lookEveryMs: 1,
  };
  return new MirroredAnswers(traffic, { stable, candidate, width: 1, percent: 100, copiesFromMs });
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

it("says what the logs have lost, and counts every line that was read", async () => {
  const now = Date.now();
  const logs = { [stable.digest]: [line(now - 9_000, "a")], [candidate.digest]: [line(now - 9_000, "b")] };
  const answers = mirrored(logs, now - 30_000, ["a moment is lost"]);
  expect((await answers.look()).notes).toEqual(["a moment is lost", "a moment is lost"]);
  expect(answers.seen).toEqual({ stable: 1, candidate: 1 });
});

it.each([
  ["all that were to be copied were", 30, 300, 0, 300],
  ["more were than chance has it", 30, 320, 0, 320],
  ["a tenth of them was lost", 30, 270, 30, 300],
  ["all are asked for", 100, 900, 100, 1000],
])("of a part of the requests, %s", (_, percent, compared, unanswered, eligible) => {
  const whole = { eligible: 1000, compared, duplicates: 0, differingInputs: 0, unanswered: 1000 - compared };
  expect(ofCopied(whole, percent)).toMatchObject({ eligible, compared, unanswered });
});
