import { ClusterError } from "@ml-actions/cluster/error";
import type { Api } from "@ml-actions/cluster/types";
import { beforeEach, expect, it } from "vitest";
import type { PodRef } from "./platform.ts";
import { PodAnswers } from "./pod-answers.ts";

const begin = Date.parse("2026-01-01T00:00:00Z");

/** As a kubelet keeps logs: the last process's, and that of the one before. */
class Pod {
  readonly ref: PodRef;
  lines: string[] = [];
  before: string[] | null = null;
  gone = false;
  breaksAfter = Number.POSITIVE_INFINITY;
  constructor(name: string) {
    this.ref = { namespace: "ml", name, uid: `uid-${name}`, port: 8080, container: "server" };
  }
  /** At so many seconds after the beginning. */
  answers(id: string, second: number, at = begin + second * 1_000): void {
    const record = { at, request_id: id, model: "sha256:0", input: "sha256:1", outputs: [0.5], ms: 1 };
    this.says(JSON.stringify(record), second);
  }
  says(text: string, second: number): void {
    const moment = new Date(begin + second * 1_000).toISOString().replace("Z", "000000Z");
    this.lines.push(`${moment} ${text}`);
  }
  restart(): void {
    this.before = this.lines;
    this.lines = [];
  }
}

let pods: Pod[];
let asked: { name: string; sinceMs: number; previous: boolean }[];
const refuse = (code: "not-found" | "invalid" | "unreachable") =>
  new ClusterError(code, code, { remedy: "" });

const api: Pick<Api, "podLog" | "now"> = {
  now: () => begin,
  async *podLog({ name, sinceMs = 0, previous = false }) {
    asked.push({ name, sinceMs, previous });
    const pod = pods.find(({ ref }) => ref.name === name);
    if (pod === undefined || pod.gone) throw refuse("not-found");
    const lines = previous ? pod.before : pod.lines;
    if (lines === null) throw refuse("invalid");
    const since = Math.floor(sinceMs / 1_000) * 1_000;
    let given = 0;
    for (const line of lines) {
      if (Date.parse(line.slice(0, 30)) < since) continue;
      if (given++ >= pod.breaksAfter) throw refuse("unreachable");
      yield line;
    }
  },
};

let listed: Pod[];
const reader = () => new PodAnswers({ api, pods: async () => listed.map(({ ref }) => ref), fromMs: begin });
async function idsOf(answers: PodAnswers, upToMs?: number): Promise<string[]> {
  const ids: string[] = [];
  await answers.read(({ request_id }) => ids.push(request_id), upToMs);
  return ids;
}

let one: Pod;
beforeEach(() => {
  one = new Pod("one");
  pods = [one];
  listed = pods;
  asked = [];
});

it("gives every answer once, also several of one moment, and reads on from the last line", async () => {
  const answers = reader();
  one.says('{"level":30,"msg":"listening"}', 0);
  one.answers("before", 0.5, begin - 1);
  for (const id of ["a", "b", "c"]) one.answers(id, 1.25);
  expect(await idsOf(answers)).toEqual(["a", "b", "c"]);
  one.answers("d", 1.25);
  one.answers("e", 1.75);
  expect(await idsOf(answers)).toEqual(["d", "e"]);
  expect(await idsOf(answers)).toEqual([]);
  expect(asked.at(-1)).toMatchObject({ sinceMs: begin + 1_750 });
  expect(answers.losses()).toEqual([]);
});

it("leaves what is too young for later", async () => {
  const answers = reader();
  one.answers("old", 1);
  one.answers("young", 9);
  expect(await idsOf(answers, begin + 5_000)).toEqual(["old"]);
  expect(await idsOf(answers)).toEqual(["young"]);
});

it("reads on over a container that was started again", async () => {
  const answers = reader();
  one.answers("a", 1);
  expect(await idsOf(answers)).toEqual(["a"]);
  one.answers("last words", 2);
  one.restart();
  expect(await idsOf(answers)).toEqual(["last words"]);
  one.answers("b", 9);
  expect(await idsOf(answers)).toEqual(["b"]);
  one.restart();
  one.answers("c", 12);
  expect(await idsOf(answers)).toEqual(["c"]);
  expect(answers.losses()).toEqual([expect.stringMatching(/pod one was started again/)]);
});

it("finds what a process wrote before it was first looked at", async () => {
  const answers = reader();
  expect(await idsOf(answers)).toEqual([]);
  one.answers("a", 1);
  one.restart();
  one.says("listening", 2);
  expect(await idsOf(answers)).toEqual(["a"]);
});

it("tells of a log that was rotated away under it", async () => {
  const answers = reader();
  one.answers("a", 1);
  await idsOf(answers);
  one.answers("lost", 2);
  one.lines = [];
  expect(await idsOf(answers)).toEqual([]);
  expect(answers.losses()).toEqual([]);
  one.answers("b", 3);
  expect(await idsOf(answers)).toEqual(["b"]);
  expect(answers.losses()).toEqual([expect.stringMatching(/log of pod one was rotated 1 times/)]);
});

it("reads a pod that has left the list as long as it has a log", async () => {
  const answers = reader();
  one.answers("a", 1);
  await idsOf(answers);
  one.answers("b", 2);
  listed = [];
  expect(await idsOf(answers)).toEqual(["b"]);
  one.gone = true;
  expect(await idsOf(answers)).toEqual([]);
  const before = asked.length;
  await idsOf(answers);
  expect(asked).toHaveLength(before);
});

it("goes on where a stream broke off", async () => {
  const answers = reader();
  for (const id of ["a", "b", "c"]) one.answers(id, 1);
  one.breaksAfter = 2;
  const ids: string[] = [];
  const read = () => answers.read(({ request_id }) => ids.push(request_id));
  await expect(read()).rejects.toThrow("unreachable");
  one.breaksAfter = Number.POSITIVE_INFINITY;
  await read();
  expect(ids).toEqual(["a", "b", "c"]);
});

it("takes nothing for an answer that is none", async () => {
  one.lines.push("no time at all", "2026-99-01T00:00:00Z {}", '{"request_id":"x"}');
  one.says('{"request_id":"::set-output name=x::"}', 1);
  one.says('{"at":1e999,"request_id":1}', 1);
  one.says("__proto__", 1);
  one.answers("a", 2);
  expect(await idsOf(reader())).toEqual(["a"]);
});

it("reads logs of any length in the memory of one line", async () => {
  one.lines = [];
  const answers = reader();
  let count = 0;
  const long: Pick<Api, "podLog" | "now"> = {
    now: () => begin,
    async *podLog() {
      for (let second = 0; second < 20_000; second++) {
        yield `${new Date(begin + second).toISOString()} {"at":${begin + second},"request_id":"${second}","model":"m","input":"i","outputs":[1],"ms":1}`;
      }
    },
  };
  const before = process.memoryUsage().heapUsed;
  await new PodAnswers({ api: long, pods: async () => [one.ref], fromMs: begin }).read(() => count++);
  expect(count).toBe(20_000);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  expect(answers.losses()).toEqual([]);
});
