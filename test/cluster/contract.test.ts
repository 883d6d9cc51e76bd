/** The contract of targets, on a cluster: the same cases as for `local`, each in a namespace of its own. */
import { platforms } from "@ml-actions/rollout/kubernetes/platforms";
import { Bench } from "@ml-actions/rollout/targets/contract/bench";
import { contractCases } from "@ml-actions/rollout/targets/contract-suite";
import { type KubernetesTargetName, kubernetesTargetNames } from "@ml-actions/rollout/targets/names";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { lab } from "../lab/lab.ts";
import { fixtures } from "./contract/fixtures.ts";
import { among, leftOut } from "./left-out.ts";

// Two cores carry so many at once.
vi.setConfig({ maxConcurrency: 6, testTimeout: 480_000 });

/** All targets here have one ledger; where a rollout costs least, all of it is tried. */
const ledgersTarget: KubernetesTargetName = "gateway";

beforeAll(async () => {
  await (await lab()).need(...among("cluster", "gateway", "istio", "knative", "kserve"));
});

test("every target on Kubernetes has a fixture", () => {
  expect(Object.keys(fixtures).sort()).toEqual([...kubernetesTargetNames].sort());
});

// A target has the name of the part that it runs on; `deployment` needs none of its own.
const present = Object.entries(fixtures).filter(([name]) => !leftOut.has(name));

describe.each(present)("target %s", (name, fixtureFor) => {
  const { mirrors } = platforms[name as KubernetesTargetName];
  const cases = contractCases
    .filter((each) => mirrors || each.mirrors !== true)
    .filter((each) => name === ledgersTarget || each.ofLedger !== true);
  test.concurrent.each(cases.map((each) => [each.behaviour, each] as const))(
    "%s",
    async (_, contractCase) => {
      const fixture = await fixtureFor(contractCase);
      try {
        expect(fixture.mirrors).toBe(mirrors);
        await contractCase.prove(await Bench.create(fixture));
      } finally {
        await fixture.close();
      }
    },
  );
});
