/** What must hold after every case, whatever the fault was. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { platforms } from "@ml-actions/rollout/kubernetes/platforms";
import { resume } from "@ml-actions/rollout/resume";
import { ask } from "../cluster/kserve-fixture.ts";
import { journalOf, type Scene } from "./scene.ts";
import { stages } from "./stages.ts";

export type Outcome = "restored" | "promoted";

export interface Ending {
  outcome: Outcome;
  /** From the fault until the candidate's last answer or the last failure; null where it was promoted. */
  secondsToStable: number | null;
  /** What the next run would say that it found. */
  next: string;
}

const lookEveryMs = 300;
/** Pods and their Job go in the background, after the rollout was closed. */
const leftoversMs = 90_000;

/** Waits until the rollout is closed and nothing of it is left, and asks who answers.
 * @param faultAt by `performance.now()` */
export async function settled(scene: Scene, faultAt: number, withinMs: number): Promise<Ending> {
  const { place, stable, candidate, users } = scene;
  const opened = await place.open();
  const open = async () => {
    const [situation, journal, lease] = await Promise.all([
      opened.target.read(),
      journalOf(scene),
      opened.ledger.lease(),
    ]);
    const { candidate: left, candidatePercent, mirrorPercent, ready } = situation;
    const problems = [
      ...(left === null ? [] : [`${left.label} has ${candidatePercent} %`]),
      ...(candidatePercent + mirrorPercent === 0 ? [] : ["traffic is split"]),
      ...(ready.stable ? [] : ["stable is not ready"]),
      ...(journal.at(-1)?.step.name === "end"
        ? []
        : [`the journal ends with ${journal.at(-1)?.step.name ?? "nothing"}`]),
      ...(lease === null ? [] : [`${lease.holder} holds the lease`]),
    ];
    return { problems, situation, journal };
  };
  const { situation, journal } = await until(open, faultAt + withinMs);
  const serving = situation.stable?.digest;
  const outcome = serving === candidate.digest ? "promoted" : "restored";
  assert.ok([stable.digest, candidate.digest].includes(serving ?? ""), `${serving} serves`);
  await until(async () => ({ problems: await leftovers(scene, outcome) }), performance.now() + leftoversMs);
  assert.deepEqual([...(await answersNow(scene))], [[serving, 100]]);
  const answeredAt = users.lastAt.get(candidate.digest) ?? faultAt;
  const lastAt = Math.max(answeredAt, users.failures.at(-1)?.at ?? faultAt);
  const { note } = resume(journal, situation, { ...candidate, digest: `sha256:${"f".repeat(64)}` });
  return {
    outcome,
    secondsToStable: outcome === "promoted" ? null : Math.max(0, lastAt - faultAt) / 1000,
    next: note ?? "",
  };
}

async function until<T extends { problems: string[] }>(look: () => Promise<T>, deadline: number): Promise<T> {
  for (;;) {
    const seen = await look();
    if (seen.problems.length === 0) return seen;
    if (performance.now() > deadline) throw new Error(`in time it did not come about: ${seen.problems}`);
    await sleep(lookEveryMs);
  }
}

/** What is there beside the user's own objects, the ledger's book and the guard's program, which all rollouts share. */
async function leftovers(scene: Scene, outcome: Outcome): Promise<string[]> {
  const { place, target, candidate } = scene;
  const { kinds, own } = stages[target];
  const all = ["deployments", "services", "jobs", "pods", "configmaps", ...kinds].join(",");
  const listed = await place.namespace.kubectl(["get", all, "-o", "name"]);
  const names = listed.split("\n").filter((name) => name !== "");
  const mayStay = [
    ...own,
    /^configmap\/(?!ml-actions-)/,
    new RegExp(`^configmap/ml-actions-(${platforms[target].kind}-flights|guard-[0-9a-f]+)$`),
  ];
  const images = await place.namespace.kubectl(["get", "deployments", "-o", "jsonpath={..image}"]);
  const runs = outcome === "restored" && images.includes(candidate.digest);
  return [
    ...names.filter((name) => /candidate/.test(name) || !mayStay.some((pattern) => pattern.test(name))),
    ...(runs ? ["a Deployment that runs the candidate"] : []),
  ];
}

async function answersNow({ entrance: { url, host } }: Scene): Promise<Map<string, number>> {
  const seen = new Map<string, number>();
  for (let count = 0; count < 100; count++) {
    const { release } = await ask(url, host);
    seen.set(release, (seen.get(release) ?? 0) + 1);
  }
  return seen;
}
