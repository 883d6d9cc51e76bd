import { describe, expect, test } from "vitest";
import { createLab } from "../local/testing/lab.ts";
import { contractCases, prove, type TargetFixture } from "./contract-suite.ts";
import {
  type KubernetesTargetName,
  kubernetesTargetNames,
  openTarget,
  type TargetName,
  targetNames,
  targets,
} from "./index.ts";

/** Those on Kubernetes have theirs in `test/cluster/contract.test.ts`: they need a cluster. */
const fixtures: Record<Exclude<TargetName, KubernetesTargetName>, () => Promise<TargetFixture>> = {
  local: async () => {
    const lab = await createLab();
    return {
      open: () => lab.open(),
      sound: (name) => lab.release({ name }),
      neverReady: () => lab.release({ name: "never-ready", crashAtStart: true }),
      crashesAt: (request) => lab.release({ name: "crashes", crashAt: request }),
      // The way past it is to speak in its name: the supervisor refuses all others.
      lowerShare: async ({ holder, rollout }) => {
        const { ledger, target } = await lab.open();
        await ledger.hold({ holder, rollout, ttlMs: 60_000 });
        await target.split(10);
      },
      entrance: async () => {
        const place = await lab.open();
        return { url: (await place.target.read()).url, keepAlive: true };
      },
      leaseTtlMs: 20_000,
      patienceMs: 4_000,
      promotions: 12,
      mirrors: true,
      countsOnTheWay: true,
      close: () => lab.close(),
    };
  },
};

test("every target has a factory and a fixture, and there are no others", () => {
  expect(Object.keys(targets)).toEqual([...targetNames]);
  expect([...Object.keys(fixtures), ...kubernetesTargetNames]).toEqual([...targetNames]);
});

test.each(["kubernetes", "__proto__", "constructor", "Local", ""])(
  "the unknown target %j is an error, never a fallback",
  async (name) => {
    await expect(openTarget(name as TargetName, {} as never)).rejects.toMatchObject({
      code: "unknown-target",
      remedy: expect.stringContaining(targetNames.join(", ")),
    });
  },
);

describe.each(["local"] as const)("target %s", (name) => {
  test.concurrent.each(contractCases.map((contractCase) => [contractCase.behaviour, contractCase] as const))(
    "%s",
    (_, contractCase) => prove(contractCase, fixtures[name]),
  );
});
