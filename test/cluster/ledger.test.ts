/** Lease, journal and history against a real API server. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesLedger, LedgerOptions } from "@ml-actions/rollout/kubernetes/ledger";
import { describe, expect, it } from "vitest";
import { begin, hold, ledgerPlace, release, sharedNamespace, stepsOf, write } from "./ledger-place.ts";

const a = release("a");
const b = release("b");
const shared = sharedNamespace();
const place = (more: Partial<LedgerOptions> = {}) => ledgerPlace(shared(), more);

describe("the lease", () => {
  it("is had by one of twenty who ask at once, and nobody else may act", async () => {
    const { open } = await place();
    const runners = await Promise.all(Array.from({ length: 20 }, () => open()));
    const asked = await Promise.allSettled(runners.map((runner, index) => hold(runner, String(index))));
    const winner = asked.findIndex(({ status }) => status === "fulfilled");
    expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    await runners[winner]?.fenceTraffic();
    const [loser] = runners.filter((_, index) => index !== winner);
    await assert.rejects((loser as KubernetesLedger).fence(), { code: "lease-held", message: /holder of/ });
  });

  it("keeps when it was taken through renewals, lasts less than a second when told so, and ends by itself", async () => {
    const { ledger, open } = await place();
    const first = await hold(ledger, "1");
    const second = await hold(ledger, "1", { ttlMs: 700 });
    expect(second.acquiredAt).toBe(first.acquiredAt);
    expect(second.expiresAt).toBeLessThan(first.expiresAt);
    expect(second.leftMs).toBeLessThanOrEqual(700);
    // A process that has heard one answer knows the server's clock to half a second.
    await sleep(1_300);
    const other = await open();
    expect(await other.lease()).toBeNull();
    await assert.rejects(ledger.fence(), { code: "lease-lost" });
    await hold(other, "2");
    await assert.rejects(hold(ledger, "1"), { code: "lease-held" });
    await assert.rejects(write(ledger, "1", { name: "prepare" }), { code: "lease-lost" });
  });

  it("ends by the API server's clock, whatever the runners' clocks say", async () => {
    const { ledger, open } = await place();
    await ledger.lease();
    const now = Date.now;
    try {
      Date.now = () => now() + 3_600_000;
      await hold(ledger, "1", { ttlMs: 3_000 });
      Date.now = () => now() - 3_600_000;
      const other = await open();
      await assert.rejects(hold(other, "2"), { code: "lease-held" });
      await ledger.fenceTraffic();
    } finally {
      Date.now = now;
    }
  });

  it("is given back to whoever asks next, and a process without one may do what moves no traffic", async () => {
    const { ledger, open } = await place();
    await ledger.fence();
    await assert.rejects(ledger.fenceTraffic(), { code: "lease-lost", message: /No lease is held/ });
    await hold(ledger, "1");
    await ledger.release("another");
    await ledger.fenceTraffic();
    await ledger.release("1");
    await ledger.release("1");
    const other = await open();
    await hold(other, "2");
    await assert.rejects(ledger.fence(), { code: "lease-held" });
  });

  it("that is seized is lost, and the open rollout says to whom", async () => {
    const { ledger, open } = await place();
    await hold(ledger, "1");
    await begin(ledger, "1", a);
    const other = await open();
    await hold(other, "operator", { seize: true });
    await assert.rejects(ledger.fence(), { code: "lease-lost", message: /held by holder of operator/ });
    await assert.rejects(ledger.commit(a), { code: "lease-lost" });
    expect((await stepsOf(other)).at(-1)).toMatchObject({
      name: "hold",
      reason: expect.stringMatching(/seized by holder of operator/),
    });
  });

  it("that somebody deletes is new for who had it, so that the runner stops", async () => {
    const { ledger, name } = await place();
    const first = await hold(ledger, "1");
    await shared().kubectl(["delete", "lease", name]);
    await assert.rejects(ledger.fence(), { code: "lease-lost" });
    expect((await hold(ledger, "1")).acquiredAt).toBeGreaterThan(first.acquiredAt);
  });

  it("that is another's, or was changed by somebody, is one error that says what to do", async () => {
    const { ledger, name } = await place();
    await shared().apply([
      {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name },
        spec: { holderIdentity: "x" },
      },
    ]);
    const remedy = new RegExp(`kubectl -n ${shared().name} delete lease ${name}`);
    await assert.rejects(hold(ledger, "1"), { code: "invalid", message: /does not belong to/, remedy });
    await shared().kubectl(["delete", "lease", name]);
    await hold(ledger, "1");
    await shared().kubectl(["patch", "lease", name, "--type=merge", "-p", '{"spec":{"renewTime":null}}']);
    await assert.rejects(ledger.fence(), { code: "invalid", message: /renewTime/, remedy });
  });
});

describe("the journal", () => {
  it("keeps the order, shows an open rollout again and a closed one once", async () => {
    const { ledger, open } = await place();
    await hold(ledger, "1");
    await begin(ledger, "1", a);
    for (let percent = 1; percent <= 5; percent++) await write(ledger, "1", { name: "split", percent });
    const other = await open();
    for (const reader of [ledger, other]) {
      expect((await stepsOf(reader)).slice(1)).toEqual(
        [1, 2, 3, 4, 5].map((percent) => ({ name: "split", percent })),
      );
    }
    await write(ledger, "1", { name: "end", stage: "restored", verdict: "fail" });
    await assert.rejects(write(ledger, "1", { name: "prepare" }), { code: "lease-lost" });
    expect(await other.journal()).toHaveLength(7);
    expect(await ledger.journal()).toEqual([]);
    await ledger.release("1");
    await assert.rejects(hold(ledger, "1"), { code: "lease-lost", message: /closed \(restored\)/ });
  });

  it("takes an entry once whose answer was lost", async () => {
    const { ledger } = await place();
    await hold(ledger, "1");
    for (const _ of [1, 2]) await write(ledger, "1", { name: "prepare" }, 5);
    expect(await ledger.journal()).toHaveLength(1);
  });

  it("of a rollout with thousands of entries stays within what a ConfigMap holds", {
    timeout: 120_000,
  }, async () => {
    const { ledger, name } = await place();
    await hold(ledger, "1", { ttlMs: 600_000 });
    await begin(ledger, "1", a);
    // The size is what costs, not the count: 60 × 10,000 characters.
    const reason = "é".repeat(10_000);
    for (let at = 1; at <= 60; at++) await write(ledger, "1", { name: "hold", reason }, at);
    const object = await shared().get("configmap", name);
    expect(Buffer.byteLength(JSON.stringify(object))).toBeLessThan(400_000);
    expect(JSON.parse(object?.data?.journal ?? "").leftOut).toBeGreaterThan(40);
    const entries = await ledger.journal();
    expect(entries[0]?.step.name).toBe("begin");
    expect(entries.at(-1)?.at).toBe(60);
  });

  it("is made again, history and all, when somebody deletes the ConfigMap in the middle", async () => {
    const { ledger, name, open, troubles } = await place();
    await hold(ledger, "1");
    await begin(ledger, "1", a);
    await ledger.commit(a);
    await shared().kubectl(["delete", "configmap", name]);
    await write(ledger, "1", { name: "end", stage: "promoted", verdict: "first" });
    expect(troubles.join()).toContain("somebody deleted ConfigMap");
    const other = await open();
    expect((await stepsOf(other)).map((step) => step.name)).toEqual(["begin", "end"]);
    expect((await other.committed())?.release).toEqual(a);
  });

  it("that is another's, or was changed by somebody, is one error that says what to do", async () => {
    const { ledger, name, open } = await place();
    await shared().kubectl(["create", "configmap", name, "--from-literal=journal=mine"]);
    const remedy = new RegExp(`kubectl -n ${shared().name} delete configmap ${name}`);
    await assert.rejects(ledger.journal(), { code: "invalid", message: /does not belong to/, remedy });
    await shared().kubectl(["delete", "configmap", name]);
    await hold(ledger, "1");
    await begin(ledger, "1", a);
    const broken = JSON.stringify({
      data: { journal: '{"schema":"ml-actions/journal/v1","entries":[{}]}', history: "[" },
    });
    await shared().kubectl(["patch", "configmap", name, "--type=merge", "-p", broken]);
    const message = /key journal, .*; key history is no JSON/;
    await assert.rejects((await open()).history(), { code: "invalid", message, remedy });
    await assert.rejects(write(ledger, "1", { name: "prepare" }), { code: "invalid", message, remedy });
  });

  it("shows its last step on the user's object where it may", async () => {
    await shared().kubectl(["create", "service", "clusterip", "flights", "--tcp=80"]);
    const annotated = { apiVersion: "v1", kind: "Service", namespace: shared().name, name: "flights" };
    const { ledger, open, troubles } = await place({ annotated });
    await hold(ledger, "1");
    await write(ledger, "1", { name: "split", percent: 25 });
    const annotation = (await shared().get("service", "flights"))?.metadata.annotations;
    expect(annotation?.["ml-actions.github.io/step"]).toMatch(/^split 25 % \(rollout 1, 2/);
    const elsewhere = await open({ annotated: { ...annotated, name: "gone" } });
    for (const at of [1, 2]) await write(elsewhere, "1", { name: "prepare" }, at);
    expect(troubles.filter((text) => text.includes("the last step is not shown"))).toHaveLength(1);
  });
});

describe("the history", () => {
  it("holds the last ten, newest first, with how each came about", async () => {
    const { ledger } = await place();
    for (let index = 0; index < 12; index++) {
      const candidate = index % 2 === 0 ? a : b;
      const rollout = String(index);
      await hold(ledger, rollout);
      await begin(ledger, rollout, candidate);
      for (const _ of [1, 2]) await ledger.commit(candidate);
      const verdict = index === 0 ? "first" : index % 2 === 0 ? "rollback" : "pass";
      await write(ledger, rollout, { name: "end", stage: "promoted", verdict });
      await ledger.release(rollout);
    }
    const history = await ledger.history();
    expect(history.map(({ rollout }) => rollout)).toEqual([
      "11",
      "10",
      "9",
      "8",
      "7",
      "6",
      "5",
      "4",
      "3",
      "2",
    ]);
    expect(history.slice(0, 2).map(({ verdict }) => verdict)).toEqual(["pass", "rollback"]);
  });

  it("gets nothing from a process that has lost the lease", async () => {
    const { ledger, open } = await place();
    await hold(ledger, "1", { ttlMs: 300 });
    await sleep(900);
    await hold(await open(), "2");
    await assert.rejects(ledger.commit(a), { code: "lease-lost" });
    expect(await ledger.history()).toEqual([]);
  });
});

describe("a lease given back with the rollout open", () => {
  it("has stable restored right there, and the rollout closed, under a lease that is renewed meanwhile", async () => {
    const { ledger, open } = await place({ restore: () => sleep(6_000) });
    await hold(ledger, "1", { ttlMs: 3_000 });
    await begin(ledger, "1", a);
    const releasing = ledger.release("1");
    await sleep(4_500);
    expect((await (await open()).lease())?.rollout).toBe("1");
    await releasing;
    expect(await ledger.lease()).toBeNull();
    const steps = await stepsOf(ledger);
    expect(steps.slice(-2)).toMatchObject([
      { name: "restore", by: "guard" },
      { name: "end", stage: "restored", verdict: "inconclusive" },
    ]);
  });

  it("is not given back when that fails, for the guard to do it", async () => {
    const restore = () => Promise.reject(new Error("no capacity"));
    const { ledger } = await place({ restore });
    await hold(ledger, "1");
    await begin(ledger, "1", a);
    await assert.rejects(ledger.release("1"), /no capacity/);
    expect((await ledger.lease())?.rollout).toBe("1");
  });

  it("is closed as promoted once it was committed", async () => {
    const { ledger, restored } = await place();
    await hold(ledger, "1");
    await begin(ledger, "1", a);
    await ledger.commit(a);
    await ledger.release("1");
    expect(restored).toEqual(["restored"]);
    expect((await stepsOf(ledger)).map((step) => step.name)).toEqual(["begin", "end"]);
  });

  it("leaves a held candidate alone", async () => {
    const { ledger, restored } = await place();
    await hold(ledger, "1");
    await begin(ledger, "1", a);
    await write(ledger, "1", { name: "end", stage: "held", verdict: "inconclusive" });
    await ledger.release("1");
    expect(restored).toEqual([]);
  });
});
