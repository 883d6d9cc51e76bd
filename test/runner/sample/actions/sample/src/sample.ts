import { execFile, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type ActionContext, NegativeVerdict, UserError } from "@ml-actions/action-kit/action";
import type { behaviours } from "./behaviours.ts";
import type { SampleInputs, SampleOutputs } from "./definition.ts";

type Behaviour = (typeof behaviours)[number];
type Context = ActionContext<SampleOutputs>;

export async function run(inputs: SampleInputs, context: Context): Promise<void> {
  context.remember("behaviour", inputs.behaviour);
  context.log.info(`begun by ${context.holder}`);
  await stories[inputs.behaviour](inputs, context);
}

export async function cleanUp(context: ActionContext<Record<string, string>>): Promise<void> {
  context.log.info(`cleaning up after ${context.recall("behaviour")} in ${context.directory}`);
  context.log.info(`held by ${context.holder}`);
  if (context.recall("behaviour") === "fail-in-post") throw new Error("the lease is gone");
}

const stories: Record<Behaviour, (inputs: SampleInputs, context: Context) => Promise<void>> = {
  async succeed(inputs, { log, output, summary, directory, recall }) {
    await writeFile(join(directory, "report.html"), "<p>fine</p>");
    await log.group("Working", async () => log.info(`remembered ${recall("behaviour")}`));
    output("answer", JSON.stringify(inputs));
    await summary("| a | b |\n|---|---|\n| 1 | 2 |");
  },
  async echo({ value = "" }, { log, output, summary }) {
    log.info(value);
    log.debug(value);
    log.notice(value, { title: value, file: value });
    await log.group(value, async () => log.info(`in the group: ${value}`));
    output("answer", value);
    await summary(value);
  },
  async negative({ value = "the gate failed" }) {
    throw new NegativeVerdict(value);
  },
  async "user-error"({ value = "There is no model.onnx" }) {
    throw new UserError(value, { remedy: "Make one", cause: new Error("ENOENT: no such file") });
  },
  async aggregate() {
    const members = ["first", "second"].map((text) => new UserError(text, { remedy: `mend the ${text}` }));
    throw new AggregateError(members, "Two things are wrong");
  },
  async bug({ value = "undefined is no function" }) {
    throw new TypeError(value, { cause: new Error("deeper", { cause: "deepest" }) });
  },
  async "throw-text"() {
    throw "just a text";
  },
  async stray(_inputs, { signal }) {
    setTimeout(() => {
      throw new RangeError("nobody listens");
    }, 10);
    await sleep(60_000, undefined, { signal });
  },
  async annotate({ count }, { log }) {
    for (let i = 1; i <= count; i++) log.error(`slice ${i} is worse`);
    log.warning("one warning");
  },
  async summarise({ count }, { summary }) {
    const row = "| a slice | 0.512 | 0.498 |\n";
    const table = `<details>\n\n| slice | f1 | was |\n|---|---|---|\n${row.repeat(count)}\n</details>`;
    await summary(table);
    await summary(table);
  },
  async wait({ wait }, { log, signal }) {
    log.info("waiting");
    await sleep(wait, undefined, { signal });
  },
  async "ignore-cancel"({ wait }, { log }) {
    log.info("waiting");
    await sleep(wait);
  },
  async "stay-open"(_inputs, { output }) {
    createServer().listen(0, "127.0.0.1");
    output("answer", "open");
  },
  async "fail-in-post"() {},
  async programs(
    { value = "" },
    { programs: { image: _folder, guard: _sent, mirror: _too, ...programs }, output },
  ) {
    const answers = await Promise.all(
      Object.values(programs).map(async (program) => {
        const { stdout } = await promisify(execFile)(process.execPath, [program, value]);
        return stdout.trim();
      }),
    );
    output("answer", answers.join(" "));
  },
  async "leave-a-child"(_inputs, { output }) {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], {
      detached: true,
      stdio: "ignore",
    });
    child.unref();
    output("answer", String(child.pid));
  },
  async "unknown-output"(_inputs, { output }) {
    (output as (name: string, value: string) => void)("verdit", "pass");
  },
};
