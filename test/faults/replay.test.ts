/** However a deploy ended, whoever has its evidence reaches the same verdicts, with the program of the release tree. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set();
});
afterAll(() => stage?.end());

async function replay(file: string): Promise<{ code: number; stdout: string }> {
  const args = [join(stage.job.tree, "replay"), file];
  return promisify(execFile)(process.execPath, args).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }) => ({ code, stdout }),
  );
}

const gates = "error_rate <= 0.2\nlatency.p90 <= baseline * 20\nnan_rate <= 0.02\nscore_drift <= 0.3";

it.each([
  ["promoted", "flights-2", { gates, bake: "1s" }],
  ["refuted", "flights-treacherous", { gates }],
  ["out of time", "flights-1", { gates: "error_rate <= 0.000001", "step-timeout": "2s" }],
])(
  "of a deploy that was %s",
  async (_, candidate, inputs) => {
    const done = await stage.deploy(candidate, { inputs });
    const evidence = done.outputs.evidence ?? "";
    expect(evidence, done.raw).not.toBe("");
    const same = await replay(evidence);
    expect(same.code, same.stdout).toBe(0);
    expect(same.stdout.match(/^same/gm)?.length).toBeGreaterThan(1);
    const statement = JSON.parse(await readFile(evidence, "utf8"));
    const figures = statement.predicate["https://ml-actions.github.io/evidence/v1"];
    figures.rollout.windows.looks.at(-1)[2][0] += 100;
    const edited = join(stage.job.temp, "edited.json");
    await writeFile(edited, JSON.stringify(statement));
    expect((await replay(edited)).code).toBe(1);
  },
  120_000,
);

it("of a deploy that was cancelled", async () => {
  const cancelled = await stage.deploy("flights-1", {
    inputs: { gates: "error_rate <= 0.000001" },
    interrupt: {
      how: "cancel",
      when: async () => {
        await stage.untilWritten(({ step }) => step.name === "split");
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      },
    },
  });
  const { code, stdout } = await replay(cancelled.outputs.evidence ?? "");
  expect(code, stdout + cancelled.raw).toBe(0);
  expect(stdout).toContain("interrupted");
}, 60_000);
