/**
 * `npm run bench -- image`: from a changed model to its pushed image, on a base that is there, against `crane append` and
 * buildah, in the same run on the same machine; and the memory that a model of 2 GB takes. The peers get the base with
 * server and runtime on it, so that they, too, have but the model to send.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openStore } from "@ml-actions/oci/open-store";
import { withPeakMemory } from "./gates/peak-memory.ts";
import { action, buildah, type Contender, crane, library } from "./image/contenders.ts";
import { makeLargeFile, makeModel, type Weights, weightKinds } from "./image/models.ts";
import { openRoom, type Room } from "./image/room.ts";

const changedBytes = 20_000_000;
const largeBytes = 2_000_000_000;
const largeAimMegabytes = 150;

/** `--runs 7` of each, in turns; `--no-peers`: ours alone, no root and no Go needed; `--quick`: the large model has a tenth
 * of its size. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: "string", default: "7" },
      "no-peers": { type: "boolean" },
      quick: { type: "boolean" },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs ${values.runs}: expected a whole number above 0`);
  const room = await openRoom();
  const contenders: Contender[] = [];
  try {
    contenders.push(library(room), action(room));
    if (values["no-peers"] !== true) contenders.push(await crane(room), await buildah(room));
    // Not timed: the first brings the base into the contender's repository.
    for (const contender of contenders) await once(room, contender, "random");
    for (const kind of Object.keys(weightKinds) as Weights[]) await changed(room, contenders, kind, runs);
    await large(room, values.quick === true ? largeBytes / 10 : largeBytes);
  } finally {
    for (const contender of contenders) await contender.close();
    await room.close();
  }
}

/** Tags are never moved, so each build of this bench has a number of its own. */
let builds = 0;

async function changed(
  room: Room,
  contenders: readonly Contender[],
  kind: Weights,
  runs: number,
): Promise<void> {
  const seconds = new Map<Contender, number[]>(contenders.map((contender) => [contender, []]));
  for (let i = 0; i < runs; i++) {
    for (const contender of contenders) seconds.get(contender)?.push(await once(room, contender, kind));
  }
  const medians = new Map([...seconds].map(([contender, all]) => [contender, median(all)]));
  const own = medians.get(contenders[0] as Contender) as number;
  console.log(
    `\nA changed model of ${changedBytes / 1e6} MB (${kind} weights), built and pushed; ${runs} runs`,
  );
  console.log(row(["", "median s", "fastest", "slowest", "× buildImage", "peak MB"]));
  for (const contender of contenders) {
    const all = seconds.get(contender) as number[];
    const time = medians.get(contender) as number;
    // In a run of its own, because looking takes time from what is looked at.
    const { peakMegabytes } = await withPeakMemory(() => once(room, contender, kind), 10);
    const shown = [time, Math.min(...all), Math.max(...all), time / own].map((value) => value.toFixed(2));
    console.log(row([contender.name, ...shown, peakMegabytes.toFixed(0)]));
  }
  const peers = contenders.filter(({ ours }) => !ours).map((peer) => medians.get(peer) as number);
  if (peers.length === 0) return;
  for (const contender of contenders.filter(({ ours }) => ours)) {
    const faster = (medians.get(contender) as number) < Math.min(...peers);
    console.log(`  goal, faster than both: ${contender.name} ${faster ? "met" : "missed"}`);
  }
}

/** One build of a model that nobody has seen; the image must be there afterwards. */
async function once(room: Room, contender: Contender, kind: Weights): Promise<number> {
  const directory = await mkdtemp(join(room.directory, "model-"));
  try {
    const number = ++builds;
    const seconds = await contender.build(await makeModel(directory, kind, changedBytes), number);
    const { store } = await openStore(contender.repository);
    if ((await store.resolve(contender.tag(number))) === null)
      throw new Error(`${contender.name} has not pushed ${contender.repository}:${contender.tag(number)}`);
    return seconds;
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function large(room: Room, bytes: number): Promise<void> {
  const directory = await mkdtemp(join(room.directory, "large-"));
  const model = await makeLargeFile(directory, bytes);
  const { seconds, peakMegabytes } = await room.buildOurs(model, "large");
  console.log(`\nA model of ${bytes / 1e9} GB, built and pushed by buildImage`);
  console.log(
    `  ${seconds.toFixed(1)} s (${(bytes / 1e6 / seconds).toFixed(0)} MB/s), at most ${peakMegabytes.toFixed(0)} MB resident, Node in it`,
  );
  console.log(
    `  goal, at most ${largeAimMegabytes} MB: ${peakMegabytes <= largeAimMegabytes ? "met" : "missed"}`,
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

const row = ([first = "", ...cells]: string[]): string =>
  `  ${first.padEnd(24)}${cells.map((cell) => cell.padStart(14)).join("")}`;
