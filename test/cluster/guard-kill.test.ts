/** A runner that is killed in the middle of its rollout, with half of the traffic on the candidate. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { guardProgram } from "@ml-actions/release/guard";
import { directProbe } from "@ml-actions/rollout/kubernetes/guard-ask";
import { openKubernetes } from "@ml-actions/rollout/kubernetes/open";
import { rightsOf } from "@ml-actions/rollout/kubernetes/rights";
import { expect, it } from "vitest";
import { standIn, workload } from "./contract/place.ts";
import { grantGuard } from "./guard-account.ts";
import type { Errand } from "./guard-runner.ts";
import { inNamespace } from "./namespace.ts";

it("a runner that is killed leaves stable with all traffic within a minute, and nothing else", {
  timeout: 240_000,
}, async () => {
  const [program, stable, candidate] = await Promise.all([
    guardProgram(),
    standIn({ name: "a" }),
    standIn({ name: "b" }),
  ]);
  await inNamespace(async (namespace) => {
    await grantGuard(namespace, rightsOf("deployment").guard);
    await namespace.apply(await workload({ annotations: { "ml-actions.github.io/replicas": "2" } }));
    const { name, kubeconfig } = namespace;
    const errand: Errand = { namespace: name, kubeconfig, guardProgram: program, stable, candidate };
    const runner = fork(join(import.meta.dirname, "guard-runner.ts"), [JSON.stringify(errand)], {
      execArgv: ["--no-maglev"],
    });
    const [word] = await Promise.race([once(runner, "message"), once(runner, "exit")]);
    expect(word).toBe("half");
    const place = await openKubernetes("deployment", {
      name: "flights",
      namespace: name,
      kubeconfig,
      guard: "off",
    });
    const { candidatePercent } = await place.target.read();
    expect(candidatePercent).toBe(50);
    runner.kill("SIGKILL");
    const killedAt = performance.now();
    const since = () => Math.round((performance.now() - killedAt) / 100) / 10;
    await expect
      .poll(async () => (await place.target.read()).candidatePercent, { timeout: 90_000, interval: 200 })
      .toBe(0);
    const routed = since();
    expect(routed).toBeLessThan(60);
    await expect
      .poll(async () => (await place.ledger.journal()).at(-1)?.step, { timeout: 60_000, interval: 200 })
      .toMatchObject({ name: "end", stage: "restored" });
    console.error(
      `guard: killed at 50 %; stable has all traffic after ${routed} s, the rollout is closed after ${since()} s`,
    );
    const address = JSON.parse(await namespace.kubectl(["get", "service", "flights", "-o", "json"])).spec
      .clusterIP;
    const answered = await directProbe.ask(`http://${address}`, { path: "/ready", count: 50 });
    expect(answered).toEqual(new Map([[stable.digest, 50]]));
    await expect
      .poll(() => namespace.kubectl(["get", "jobs,deployments", "-o", "name"]), { timeout: 60_000 })
      .toBe("deployment.apps/flights\n");
    expect(await place.target.read()).toMatchObject({ candidate: null, stable: { digest: stable.digest } });
    place.close();
  });
});
