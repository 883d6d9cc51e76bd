/** A way to the API server that swallows requests, or answers late: a lease is neither lost for one request, nor believed
 * in after its end. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { type AddressInfo, connect as connectTo, createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { openApi } from "@ml-actions/cluster/api";
import { connect } from "@ml-actions/cluster/connect";
import { systemClock } from "@ml-actions/rollout/clock";
import type { KubernetesLedger } from "@ml-actions/rollout/kubernetes/ledger";
import { type HeldLease, holdLease } from "@ml-actions/rollout/lease";
import { describe, expect, it } from "vitest";
import { type ApiProxy, startApiProxy } from "../chaos/api-proxy.ts";
import type { Trouble } from "../chaos/troubles.ts";
import { ledgerPlace, sharedNamespace } from "./ledger-place.ts";

const shared = sharedNamespace();
const swallow: Trouble = { meets: () => true, answers: () => {} };

/** A way on which what comes back comes late. */
async function lateWay(to: URL, way: { lateMs: number }): Promise<Server> {
  const server = createServer((near) => {
    const far = connectTo(Number(to.port), to.hostname);
    for (const socket of [near, far]) socket.on("error", () => {});
    near.pipe(far);
    far.on("data", (chunk) => setTimeout(() => near.write(chunk), way.lateMs));
    far.on("close", () => setTimeout(() => near.destroy(), way.lateMs));
    near.on("close", () => far.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

interface Cut {
  /** Of what comes back. */
  way: { lateMs: number };
  proxy: ApiProxy;
  ledger: KubernetesLedger;
  held: HeldLease;
  troubles: string[];
}

async function throughProxy(ttlMs: number, work: (cut: Cut) => Promise<void>): Promise<void> {
  const proxy = await startApiProxy(shared().kubeconfig);
  const troubles: string[] = [];
  const way = { lateMs: 0 };
  const config = await readFile(proxy.kubeconfig, "utf8");
  const address = /https:\/\/127\.0\.0\.1:\d+/.exec(config)?.[0] ?? "";
  const relay = await lateWay(new URL(address), way);
  const { port } = relay.address() as AddressInfo;
  const kubeconfig = config.replaceAll(address, `https://127.0.0.1:${port}`);
  try {
    const { ledger } = await ledgerPlace(shared(), { api: openApi(await connect({ kubeconfig })) });
    const request = { holder: "runner", rollout: "1", ttlMs };
    const held = await holdLease(ledger, systemClock, request, (message) => troubles.push(message));
    await work({ way, proxy, ledger, held, troubles });
    held.abandon();
  } finally {
    relay.close();
    await proxy.stop();
  }
}

/** Seconds until the lease is known to be lost. */
async function secondsToLoss({ lost }: HeldLease): Promise<number> {
  const begun = performance.now();
  while (!lost.aborted && performance.now() - begun < 60_000) await sleep(20);
  expect(lost.reason).toMatchObject({ code: "lease-lost" });
  return (performance.now() - begun) / 1000;
}

describe.concurrent("a lease on a bad way", () => {
  it("outlives requests that are swallowed one by one", async () => {
    await throughProxy(8_000, async ({ proxy, held, troubles }) => {
      let count = 0;
      proxy.trouble = { ...swallow, meets: () => count++ % 3 === 0 };
      await sleep(20_000);
      expect(proxy.met).toBeGreaterThan(1);
      expect([held.lost.aborted, troubles]).toEqual([false, []]);
    });
  });

  it("is known to be lost at its end when nothing is answered, and so knows the fence", async () => {
    await throughProxy(5_000, async ({ proxy, ledger, held }) => {
      proxy.trouble = swallow;
      const begun = performance.now();
      const refused = assert.rejects(ledger.fenceTraffic(), {
        code: "lease-lost",
        message: /ended unrenewed/,
      });
      expect(await secondsToLoss(held)).toBeLessThan(7);
      await refused;
      expect((performance.now() - begun) / 1000).toBeLessThan(8);
    });
  });

  it("is not believed in by an answer that comes after its end", async () => {
    await throughProxy(5_000, async ({ way, ledger, held }) => {
      way.lateMs = 9_000;
      expect(await secondsToLoss(held)).toBeLessThan(7);
      way.lateMs = 0;
      await sleep(6_000);
      await assert.rejects(ledger.fence(), { code: "lease-lost" });
    });
  });
});
