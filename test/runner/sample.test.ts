/** The wrapper and the runner, together, through the sample in a release tree: what no unit test sees. */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StepOptions } from "./phase.ts";
import { runFromTree, startJob } from "./runner.ts";
import { sampleTree } from "./sample/tree.ts";

let tree: string;
let workspace: string;
beforeAll(async () => {
  tree = await sampleTree();
  workspace = await mkdtemp(join(tmpdir(), "workspace-"));
});
afterAll(() => rm(workspace, { recursive: true }));

const run = (behaviour: string, inputs: Record<string, string> = {}, more: Partial<StepOptions> = {}) =>
  runFromTree({ tree, workspace, action: "sample", inputs: { behaviour, ...inputs }, ...more });
const errorsOf = ({ annotations }: { annotations: { level: string; message: string }[] }) =>
  annotations.filter(({ level }) => level === "error").map(({ message }) => message);

describe.concurrent("an action that succeeds", () => {
  it("has its outputs, summary, directory, state and post", async () => {
    const result = await run("succeed", { wait: "1m" });
    expect(result).toMatchObject({ exitCode: 0, refused: [], annotations: [], streamsLeftOpen: false });
    expect(JSON.parse(result.outputs.answer ?? "")).toMatchObject({ wait: 60_000, steps: [10, 25, 50, 100] });
    expect(result.summary).toContain("| 1 | 2 |");
    expect(existsSync(join(result.job.temp, "ml-actions/sample-1/report.html"))).toBe(true);
    expect(result.log).toContain("▼ Working\nremembered succeed");
    expect(result.log).toContain(
      "begun by https://github.com/octo-org/flights/actions/runs/1658821493/attempts/1#deliver-",
    );
    expect(result.post?.log).toContain("cleaning up after succeed in");
    const [holder] = /held by (.*)/.exec(result.post?.log ?? "")?.slice(1) ?? [];
    expect(result.log).toContain(`begun by ${holder}`);
  });

  it("starts the programs of the tree", async () => {
    const { outputs } = await run("programs", { value: "a b" });
    expect(outputs.answer).toBe("supervisor got a b server got a b inference got a b");
  });

  it("reads delivery.yaml of the checkout, and points to its lines", async () => {
    const checkout = await mkdtemp(join(tmpdir(), "checkout-"));
    const runThere = (inputs: Record<string, string> = {}) =>
      runFromTree({
        tree,
        workspace: checkout,
        action: "sample",
        inputs: { behaviour: "succeed", ...inputs },
      });
    await writeFile(
      join(checkout, "delivery.yaml"),
      "sample:\n  count: 7\n  confidence: certain\n  stepps: 1\n",
    );
    const refused = await runThere();
    expect(refused.exitCode).toBe(1);
    expect(
      refused.annotations.map(({ message, properties }) => [properties.file, properties.line, message]),
    ).toEqual([
      ["delivery.yaml", "4", expect.stringContaining("did you mean `steps`?")],
      ["delivery.yaml", "3", expect.stringContaining('expected a number from 0.5 to 1, got "certain"')],
    ]);
    expect(errorsOf(await runThere({ confidence: "0.6", config: "" }))).toHaveLength(1);
    await writeFile(join(checkout, "delivery.yaml"), "sample: {count: 7}\n");
    const { outputs } = await runThere({ confidence: "0.6" });
    expect(JSON.parse(outputs.answer ?? "")).toMatchObject({ count: 7, confidence: 0.6 });
    await rm(checkout, { recursive: true });
  });

  it("does not wait for what its story left open", async () => {
    const { exitCode, outputs, durationMs } = await run("stay-open");
    expect([exitCode, outputs.answer]).toEqual([0, "open"]);
    expect(durationMs).toBeLessThan(10_000);
  });
});

describe.concurrent("an action that does not succeed", () => {
  it("has set its safe outputs before, and says all that is wrong with its inputs", async () => {
    const result = await run("suceed", {
      confidence: "NaN",
      file: "../../etc/passwd",
      count: "many",
      vlaue: "x",
    });
    expect(result).toMatchObject({ exitCode: 1, outputs: { early: "unknown" }, refused: [] });
    expect(errorsOf(result)).toEqual([
      'There is no input "vlaue"; did you mean `value`?',
      expect.stringContaining("did you mean `succeed`?"),
      expect.stringContaining("`confidence`: expected a number"),
      expect.stringContaining("`count`: expected a whole number"),
      expect.stringContaining('`file`: "../../etc/passwd"'),
    ]);
    expect(result.log).not.toMatch(/\n\s+at /);
    // The story was never begun: nothing to clean up.
    expect(result.post).toMatchObject({ exitCode: 0, raw: "" });
  });

  it("says of a reader's error what to do, without a stack", async () => {
    const result = await run("user-error");
    expect(result.exitCode).toBe(1);
    expect(errorsOf(result)).toEqual(["There is no model.onnx\nMake one"]);
    expect(result.log).toContain("because: ENOENT");
    expect(result.log).not.toMatch(/bug|\.js:\d+/);
  });

  it("names every member of an aggregate", async () => {
    expect(errorsOf(await run("aggregate"))).toEqual([
      "Two things are wrong\n- first\n- second\nmend the first\nmend the second",
    ]);
  });

  it("ends with 1 and without an error when the answer is no", async () => {
    expect(await run("negative")).toMatchObject({
      exitCode: 1,
      annotations: [],
      log: expect.stringContaining("the gate failed"),
    });
  });

  it.each(["bug", "throw-text", "stray", "unknown-output"])(
    "calls a bug a bug, with its stack: %s",
    async (behaviour) => {
      const result = await run(behaviour);
      expect(result.exitCode).toBe(1);
      expect(errorsOf(result)).toHaveLength(1);
      expect(errorsOf(result)[0]).toMatch(/This is a bug in ml-actions: please report it/);
      expect(result.log).toContain("▼ Stack, for the report");
      expect(result.post?.log).toContain(`cleaning up after ${behaviour}`);
    },
  );

  it("keeps the causes of a bug", async () => {
    expect(errorsOf(await run("bug"))[0]).toMatch(
      /^TypeError: undefined is no function\n {2}because: deeper\n {2}because: .*deepest/,
    );
  });

  it("does not fail the job in post", async () => {
    const { exitCode, post } = await run("fail-in-post");
    expect([exitCode, post?.exitCode]).toEqual([0, 0]);
    expect(post?.annotations).toEqual([
      {
        level: "warning",
        message: "Cleaning up after sample did not succeed: the lease is gone",
        properties: {},
      },
    ]);
  });
});

describe.concurrent("what people and the runner read", () => {
  const hostile = [
    "::error::made up",
    "x\n::set-output name=answer::forged\n::add-mask::e\n::stop-commands::t",
    "x\r::error::made up\r\n##[error]made up",
    "a=b\nearly<<EOF\nforged\nEOF",
    "ghadelimiter_0\nearly=forged",
    "$(touch pwned) `touch pwned` ; touch pwned",
    "%0A::error::made up%0A100%",
    "<script>alert(1)</script> | [x](javascript:x) \\| \"'",
    "\u2028::error::made up \u0007 \u001b[31mred 🙂 é",
    "__proto__",
  ];

  it.each(hostile)("is data and stays data: %j", async (value) => {
    const result = await run("echo", { value }, { env: { RUNNER_DEBUG: "1" } });
    expect(result).toMatchObject({ exitCode: 0, refused: [] });
    const lines = (text: string) => text.replace(/\r\n?/g, "\n").trim();
    expect(lines(result.outputs.answer ?? "")).toBe(lines(value));
    expect(result.outputs).toEqual({ early: "unknown", answer: expect.anything() });
    expect(result.annotations).toEqual([expect.objectContaining({ level: "notice", message: value.trim() })]);
    expect(Object.keys(result.annotations[0]?.properties ?? {}).sort()).toEqual(["file", "title"]);
    expect(result.summary).toContain(value.trim());
    expect(existsSync(join(workspace, "pwned"))).toBe(false);
  });

  it("are refused or taken, never a crash, when inputs are hostile or huge", async () => {
    for (const value of [...hostile, "9".repeat(100_000), "a,".repeat(50_000)]) {
      const result = await run(value, {
        count: value,
        wait: value,
        steps: value,
        file: value,
        columns: value,
        config: value,
      });
      expect(result).toMatchObject({ exitCode: 1, refused: [], outputs: { early: "unknown" } });
      expect(result.log).not.toContain("This is a bug");
      for (const message of errorsOf(result)) expect(message.length).toBeLessThan(1500);
    }
  });

  it("never hold a secret", async () => {
    const token = "hunter2 with spaces\nand a second line";
    for (const behaviour of ["succeed", "nothing", "bug"]) {
      const result = await run(behaviour, { token, value: `I know ${token}` });
      for (const text of [result.log, result.summary, JSON.stringify(result.annotations)]) {
        expect(text).not.toMatch(/hunter2|a second line/);
      }
      expect(result.raw.split("\n")[0]).toMatch(/^::add-mask::hunter2/);
      expect(
        result.raw
          .split("\n")
          .slice(1)
          .filter((line) => line.startsWith("token")),
      ).toEqual(behaviour === "nothing" ? [] : ["token: (secret) (input)"]);
    }
  });

  it("are ten annotations a type at most, the last saying how many more", async () => {
    const result = await run("annotate", { count: "60" });
    expect(result.droppedAnnotations).toBe(0);
    expect(errorsOf(result)).toHaveLength(10);
    expect(errorsOf(result).at(-1)).toContain("and 51 more");
    expect(result.log).toContain("slice 60 is worse");
  });

  it("are a summary that GitHub does not drop, of one part or of several", async () => {
    const whole = await run("summarise", { count: "10" });
    expect(whole.summary.match(/<\/details>/g)).toHaveLength(2);
    const large = await run("summarise", { count: "60000" });
    expect(large.refused).toEqual([]);
    expect(large.summary).toMatch(/\| 0.498 \|\n<\/details>\n\n_Cut here: \d+ KiB more/);
    expect(large.annotations.map(({ message }) => message)).toEqual([
      "The job summary is full: a later part of it was left out",
    ]);
  });
});

describe.concurrent("a run that is interrupted", () => {
  const waiting = { when: ({ line }: { line: (pattern: RegExp) => Promise<string> }) => line(/^waiting/) };

  it("stops on cancel, at once, and cleans up", async () => {
    const result = await run("wait", {}, { interrupt: { how: "cancel", ...waiting } });
    expect(result).toMatchObject({ exitCode: 130, killed: "cancel" });
    expect(result.durationMs).toBeLessThan(7_000);
    expect(result.annotations).toEqual([
      expect.objectContaining({ level: "notice", message: expect.stringContaining("Cancelled (SIGINT)") }),
    ]);
    expect(result.post?.log).toContain("cleaning up after wait");
  });

  it("is killed when it does not stop, ten seconds later", async () => {
    const result = await run("ignore-cancel", {}, { interrupt: { how: "cancel", ...waiting } });
    expect(result).toMatchObject({ exitCode: null, signal: "SIGKILL", killed: "cancel" });
    expect(result.durationMs).toBeGreaterThan(9_900);
    expect(result.post?.exitCode).toBe(0);
  });

  it("may die without a word", async () => {
    const result = await run("wait", {}, { interrupt: { how: "kill", ...waiting } });
    expect(result).toMatchObject({ signal: "SIGKILL", killed: "kill" });
  });

  it("is ended when it takes too long", async () => {
    expect(await run("wait", {}, { timeoutMs: 1_000 })).toMatchObject({
      signal: "SIGKILL",
      killed: "timeout",
    });
  });
});

describe.concurrent("a job", () => {
  it("gives each step a directory of its own and runs every post at its end, the last first", async () => {
    const job = startJob({ tree });
    await job.run({ action: "sample", inputs: { behaviour: "succeed" } });
    await job.run({ action: "sample", inputs: { behaviour: "negative" } });
    const posts = await job.end();
    expect(posts.map(({ log }) => /cleaning up after (\S+) in .*(sample-\d)/.exec(log)?.slice(1))).toEqual([
      ["negative", "sample-2"],
      ["succeed", "sample-1"],
    ]);
  });

  it("ends the processes that its steps left behind", async () => {
    const job = startJob({ tree });
    const { outputs } = await job.run({ action: "sample", inputs: { behaviour: "leave-a-child" } });
    const alive = () =>
      existsSync(`/proc/${outputs.answer}`) &&
      !/State:\tZ/.test(readFileSync(`/proc/${outputs.answer}/status`, "utf8"));
    expect(alive()).toBe(true);
    await job.end();
    expect(alive()).toBe(false);
  });
});
