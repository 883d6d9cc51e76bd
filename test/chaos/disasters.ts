/** What happens to the whole cluster at once, to a rollout of every target: nobody else's test could go on beside it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { standIn } from "../cluster/contract/place.ts";
import { inNamespace } from "../cluster/namespace.ts";
import { openSite } from "../lab/site.ts";
import { atStandstill } from "./acts.ts";
import { type Case, every, half } from "./cases.ts";
import type { ChaosTarget } from "./stages.ts";

export interface Disaster extends Omit<Case, "targets" | "act" | "cameAt" | "at"> {
  strike(): Promise<void>;
}

export const disasters: readonly Disaster[] = [
  {
    fault: "API server killed, and started after 30 s",
    strike: () => outage("kube-apiserver", 30),
    ...{ ends: ["restored"], withinSeconds: 180 },
    told: /lease could not be renewed|no longer holds the lease|guard had restored stable/,
  },
  {
    fault: "etcd killed, and started again",
    strike: () => outage("etcd", 0),
    ...{ ends: ["promoted"], withinSeconds: 180, told: /^promoted: / },
  },
  {
    fault: "all processors of the node taken by others for 30 s",
    strike: () => hog(30_000),
    ...{ ends: ["promoted", "restored"], withinSeconds: 240, told: /^(promoted|restored): / },
  },
];

/** The rollouts of all targets stand at half of the traffic until all have come there or failed; then it strikes, once. */
export class Muster {
  readonly #missing = new Set(every);
  #comes = false;
  #struckAt = 0;
  readonly #strike: () => Promise<void>;
  readonly #over = Promise.withResolvers<void>();

  constructor(strike: () => Promise<void>) {
    this.#strike = strike;
    this.#over.promise.catch(() => {});
  }

  /** The disaster as the case of one target. */
  caseOf({ strike: _, ...disaster }: Disaster): Case {
    const act = atStandstill(async ({ target }) => {
      this.#comes = true;
      this.leave(target);
      await this.#over.promise;
    });
    const errand = { ...disaster.errand, stepTimeoutMs: 240_000 };
    return { ...disaster, at: half, act, cameAt: () => this.#struckAt, errand };
  }

  /** Nobody waits for it any more. */
  leave(target: ChaosTarget): void {
    if (!this.#missing.delete(target) || this.#missing.size > 0) return;
    this.#struckAt = performance.now();
    const struck = this.#comes ? this.#strike() : Promise.resolve();
    struck.then(this.#over.resolve, this.#over.reject);
  }
}

/** By a process that lives on when this one is ended: whatever happens to a test, the cluster comes back. */
async function outage(program: "etcd" | "kube-apiserver", seconds: number): Promise<void> {
  const command = ["--no-maglev", join(import.meta.dirname, "outage.ts"), program, String(seconds)];
  const child = spawn(process.execPath, command, { detached: true, stdio: ["ignore", "ignore", "inherit"] });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`${program} is not back: outage.ts ended with ${code}`);
}

/** Pods that take all there is, and weigh as much as stable's: one that weighs next to nothing beside them does not answer
 * its users, whoever rolls out. */
async function hog(forMs: number): Promise<void> {
  const { image } = await standIn({ name: "stable" });
  const command = ["/nodejs/bin/node", "-e", "for (;;);"];
  const resources = { requests: { cpu: "10m" } };
  const containers = ["one", "two", "three", "four"].map((name) => ({ name, image, command, resources }));
  const labels = { app: "hog" };
  const spec = { terminationGracePeriodSeconds: 0, containers };
  await inNamespace(async ({ apply, rolledOut, kubectl }) => {
    await apply([
      {
        ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "hog" } },
        spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
      },
    ]);
    await rolledOut("hog");
    await sleep(forMs);
    await kubectl(["delete", "deployment", "hog"]);
  });
}

/** After an outage controllers start anew, some after a wait: the next case shall not meet that. */
export async function untilClusterIsWell(): Promise<void> {
  const { kubectl } = await openSite(() => {});
  const namespaces = JSON.parse(await kubectl(["get", "deployments", "-A", "-o", "json"])) as {
    items: { metadata: { namespace: string } }[];
  };
  const others = new Set(namespaces.items.map(({ metadata }) => metadata.namespace));
  for (const namespace of [...others].filter((name) => !name.startsWith("test-"))) {
    await kubectl([
      "wait",
      "deployments",
      "--all",
      "-n",
      namespace,
      "--for=condition=Available",
      "--timeout=180s",
    ]);
  }
}
