import { parseGates } from "@ml-actions/gates/language";
import type { Foresight } from "@ml-actions/rollout/foresee";
import { planRollout } from "@ml-actions/rollout/plan";
import { expect, it } from "vitest";
import { Narrator } from "./narrator.ts";

const digest = `sha256:${"a".repeat(64)}`;
const plan = planRollout({
  candidate: { digest, label: "flights-2", model: { digest, uri: "m.onnx", contract: "m.json" } },
  holder: "run 1",
  steps: [10, 50],
  gates: parseGates("error_rate <= baseline + 0.01"),
  rule: "prove",
  confidence: 0.95,
  intervalMs: 10_000,
  stepTimeoutMs: 18_000_000,
  onInconclusive: "restore",
  bakeMs: 0,
  leaseTtlMs: 20_000,
});
const foresight: Foresight = {
  requestsPerSecond: 0.5,
  weight: 10,
  need: { gate: "error_rate <= baseline + 0.01", requests: 700 },
  typicalMs: 14_000_000,
  isShort: true,
  larger: { weight: 25, typicalMs: 8_000_000 },
};

function told(isShort: boolean): { lines: string[]; journal: string[] } {
  const lines: string[] = [];
  const say = (level: string) => (message: string) => {
    lines.push(`${level}: ${message}`);
  };
  const log = { info: say("info"), notice: say("notice"), warning: say("warning"), debug: say("debug") };
  const narrator = new Narrator(log as never, plan);
  narrator.hear({ at: 1, kind: "foresight", foresight: { ...foresight, isShort } });
  return { lines, journal: narrator.journal.map(({ text }) => text) };
}

it("warns of a proof that will not fit, in the log and in the report's journal", () => {
  const { lines, journal } = told(true);
  expect(lines).toEqual([
    expect.stringMatching(/^warning: stable had 0\.5 .* What helps: `steps: 25, 50, 100`/),
  ]);
  expect(journal).toEqual([expect.stringContaining("many good candidates will be taken back")]);
});

it("tells in a notice what a proof that fits will take", () => {
  expect(told(false).lines).toEqual([expect.stringMatching(/^notice: .* needs 700 requests .* 3 h 53 min$/)]);
});
