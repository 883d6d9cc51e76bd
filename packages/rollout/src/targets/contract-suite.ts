/** What every target must do, whatever it is made of. Run over the whole registry by `contract.test.ts`. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { askMany, startLoad } from "../local/testing/load.ts";
import type { JournalStep, Release } from "../target.ts";
import type { OpenTarget } from "./index.ts";

/** An empty target of its own for each test. */
export interface TargetFixture {
  /** The target as one more runner opens it. */
  open(): Promise<OpenTarget>;
  /** A release that answers every request with 200. */
  sound(name: string): Promise<Release>;
  /** A release that never answers its readiness probe. */
  neverReady(): Promise<Release>;
  /** A release whose process ends at its n-th request. */
  crashesAt(request: number): Promise<Release>;
  close(): Promise<void>;
}

const ttlMs = 20_000;

export function targetContract(name: string, createFixture: () => Promise<TargetFixture>): void {
  describe(`target ${name}`, () => {
    let fixture: TargetFixture;
    let place: OpenTarget;
    let a: Release;
    let b: Release;

    beforeEach(async () => {
      fixture = await createFixture();
      [place, a, b] = await Promise.all([fixture.open(), fixture.sound("a"), fixture.sound("b")]);
    });
    afterEach(() => fixture.close());

    const write = (rollout: string, step: JournalStep, at: OpenTarget = place) =>
      at.ledger.write({ at: Date.now(), rollout, holder: `holder of ${rollout}`, step });
    const hold = (rollout: string, more: { ttlMs?: number; seize?: boolean } = {}, at: OpenTarget = place) =>
      at.ledger.hold({ holder: `holder of ${rollout}`, rollout, ttlMs, ...more });
    const begin = (rollout: string, candidate: Release, at: OpenTarget = place) =>
      write(rollout, { name: "begin", candidate, stable: null, steps: [10, 100] }, at);
    const end = async (rollout: string) => {
      await write(rollout, { name: "end", stage: "promoted", verdict: "pass" });
      await place.ledger.release(rollout);
    };

    /** A whole rollout that makes the release stable. */
    async function deploy(rollout: string, release: Release): Promise<string> {
      await hold(rollout);
      await begin(rollout, release);
      await place.target.prepare(release);
      await place.target.promote();
      await end(rollout);
      return (await place.target.read()).url;
    }

    /** A stable, and b ready to be split to, under the lease of rollout 2. */
    async function canary(more: { ttlMs?: number } = {}): Promise<string> {
      const url = await deploy("1", a);
      await hold("2", more);
      await begin("2", b);
      await place.target.prepare(b);
      return url;
    }

    const situation = async () => {
      const { stable, candidate, candidatePercent, mirrorPercent } = await place.target.read();
      return { stable: stable?.digest, candidate: candidate?.digest, candidatePercent, mirrorPercent };
    };
    const stableAlone = (release: Release) => ({
      stable: release.digest,
      candidate: undefined,
      candidatePercent: 0,
      mirrorPercent: 0,
    });

    test("an empty target says so and restores to nothing", async () => {
      expect(await place.target.read()).toMatchObject({
        stable: null,
        candidate: null,
        candidatePercent: 0,
        mirrorPercent: 0,
        ready: { stable: false, candidate: false },
      });
      await place.target.restore();
      expect(await place.ledger.history()).toEqual([]);
      expect(await place.ledger.journal()).toEqual([]);
      expect(await place.ledger.lease()).toBeNull();
    });

    test("the first release becomes stable and answers", async () => {
      const url = await deploy("1", a);
      expect(await situation()).toEqual(stableAlone(a));
      expect((await place.target.read()).ready.stable).toBe(true);
      expect((await askMany(url, 20)).by).toEqual(new Map([[a.digest, 20]]));
      expect(await place.ledger.history()).toMatchObject([{ release: { digest: a.digest }, rollout: "1" }]);
    });

    test("a prepared candidate is ready and has no traffic; preparing it again changes nothing", async () => {
      const url = await canary();
      await place.target.prepare(b);
      expect(await situation()).toEqual({ ...stableAlone(a), candidate: b.digest });
      expect((await place.target.read()).ready).toEqual({ stable: true, candidate: true });
      expect((await askMany(url, 100)).by).toEqual(new Map([[a.digest, 100]]));
    });

    test("another candidate replaces one without traffic, and not one with", async () => {
      await canary();
      const c = await fixture.sound("c");
      await place.target.prepare(c);
      expect((await situation()).candidate).toBe(c.digest);
      await place.target.split(10);
      await expect(place.target.prepare(b)).rejects.toMatchObject({ code: "conflict" });
      expect(await situation()).toMatchObject({ candidate: c.digest, candidatePercent: 10 });
    });

    test("what is stable cannot become its own candidate", async () => {
      await deploy("1", a);
      await expect(place.target.prepare(a)).rejects.toMatchObject({ code: "already-stable" });
    });

    test("shares are what was asked for, measured with requests", async () => {
      const url = await canary();
      for (const percent of [10, 25, 50]) {
        await place.target.split(percent);
        await place.target.split(percent);
        expect((await situation()).candidatePercent).toBe(percent);
        const { by, failures } = await askMany(url, 1_000);
        expect(failures).toEqual([]);
        // A target that draws at random stays within five standard deviations; an exact one at zero.
        const deviation = Math.sqrt(1_000 * (percent / 100) * (1 - percent / 100));
        expect(Math.abs((by.get(b.digest) ?? 0) - percent * 10)).toBeLessThan(5 * deviation);
      }
      await place.target.split(100);
      expect((await askMany(url, 100)).by).toEqual(new Map([[b.digest, 100]]));
      await place.target.split(0);
      expect((await askMany(url, 100)).by).toEqual(new Map([[a.digest, 100]]));
    });

    test("telemetry counts both sides from the candidate's first request on", async () => {
      const url = await canary();
      expect(await place.telemetry.observe(a.digest, b.digest)).toMatchObject({
        ok: false,
        problem: "no-traffic",
      });
      await place.target.split(50);
      await askMany(url, 200);
      const seen = await place.telemetry.observe(a.digest, b.digest);
      expect(seen).toMatchObject({
        ok: true,
        stable: { errors: 0 },
        candidate: { requests: 100, errors: 0 },
      });
    });

    test("mirrored requests are answered by stable alone", async () => {
      const url = await canary();
      await place.target.mirror(100);
      await place.target.mirror(100);
      expect((await situation()).mirrorPercent).toBe(100);
      expect((await askMany(url, 50)).by).toEqual(new Map([[a.digest, 50]]));
      await place.target.mirror(0);
      expect((await situation()).mirrorPercent).toBe(0);
    });

    test("shares that are none are refused, and so is a share without a candidate or a stable", async () => {
      await hold("1");
      await expect(place.target.split(10)).rejects.toMatchObject({ code: "no-candidate" });
      await place.target.prepare(a);
      await expect(place.target.split(10)).rejects.toMatchObject({ code: "no-stable" });
      await place.target.promote();
      await place.target.prepare(b);
      for (const percent of [-1, 101, Number.NaN]) {
        await expect(place.target.split(percent)).rejects.toMatchObject({ code: "invalid" });
        await expect(place.target.mirror(percent)).rejects.toMatchObject({ code: "invalid" });
      }
      expect((await situation()).candidatePercent).toBe(0);
    });

    test("promoting twice is promoting once; without a candidate it is refused", async () => {
      await canary();
      await place.target.promote();
      await place.target.promote();
      expect(await situation()).toEqual(stableAlone(b));
      expect((await place.ledger.history()).map(({ release }) => release.digest)).toEqual([
        b.digest,
        a.digest,
      ]);
      await end("2");
      await hold("3");
      await expect(place.target.promote()).rejects.toMatchObject({ code: "no-candidate" });
    });

    test("restoring twice is restoring once, and a finished promotion stays", async () => {
      const url = await canary();
      await place.target.split(50);
      await place.target.restore();
      await place.target.restore();
      expect(await situation()).toEqual(stableAlone(a));
      expect((await askMany(url, 100)).by).toEqual(new Map([[a.digest, 100]]));
      await place.target.prepare(b);
      await place.target.promote();
      await place.target.restore();
      expect(await situation()).toEqual(stableAlone(b));
    });

    test("no request fails under load through split, mirror, restore and promote", async () => {
      const url = await canary();
      const load = startLoad(url);
      for (const percent of [10, 50, 100]) await place.target.split(percent);
      await place.target.restore();
      await place.target.prepare(b);
      await place.target.mirror(50);
      await place.target.split(25);
      await place.target.promote();
      await sleep(300);
      await load.stop();
      expect(load.failures).toEqual([]);
      expect(load.answered).toBeGreaterThan(100);
    });

    test("a candidate that never gets ready is refused, and stable is untouched", async () => {
      const url = await deploy("1", a);
      await hold("2");
      await begin("2", b);
      const load = startLoad(url, 2);
      await expect(place.target.prepare(await fixture.neverReady())).rejects.toMatchObject({
        code: "not-ready",
      });
      await load.stop();
      expect(load.failures).toEqual([]);
      expect(await situation()).toEqual(stableAlone(a));
      await place.target.prepare(b);
    });

    test("a candidate that crashes fails its own requests alone, and can be restored from", async () => {
      const url = await deploy("1", a);
      await hold("2");
      const bad = await fixture.crashesAt(3);
      await begin("2", bad);
      await place.target.prepare(bad);
      await place.target.split(50);
      const { failures, by } = await askMany(url, 200, 1);
      expect(failures.length).toBeGreaterThan(0);
      expect(failures.every((line) => line.includes(bad.digest))).toBe(true);
      expect(by.get(a.digest)).toBe(100);
      await place.target.restore();
      expect((await askMany(url, 50)).by).toEqual(new Map([[a.digest, 50]]));
    });

    test("another runner reads the same and takes up where the first one stopped", async () => {
      const url = await canary();
      await place.target.split(25);
      const other = await fixture.open();
      const seen = await other.target.read();
      expect([seen.candidate?.digest, seen.candidatePercent]).toEqual([b.digest, 25]);
      await hold("2", {}, other);
      await other.target.prepare(b);
      await other.target.split(50);
      await other.target.promote();
      expect((await askMany(url, 20)).by).toEqual(new Map([[b.digest, 20]]));
    });

    test("a second holder is refused by name until the lease is given back", async () => {
      await canary();
      const other = await fixture.open();
      await expect(hold("3", {}, other)).rejects.toMatchObject({
        code: "lease-held",
        message: expect.stringContaining("holder of 2"),
      });
      expect(await other.ledger.lease()).toMatchObject({ holder: "holder of 2", rollout: "2" });
      await expect(other.target.split(50)).rejects.toMatchObject({ code: "lease-held" });
      await place.target.promote();
      await end("2");
      await hold("3", {}, other);
    });

    test("a renewal extends the lease", async () => {
      const first = await hold("1", { ttlMs: 2_000 });
      const second = await hold("1", { ttlMs: 30_000 });
      expect(second.expiresAt).toBeGreaterThan(first.expiresAt);
      expect(second.acquiredAt).toBe(first.acquiredAt);
    });

    test("traffic needs a lease", async () => {
      await deploy("1", a);
      await place.target.prepare(b);
      await expect(place.target.split(10)).rejects.toMatchObject({ code: "lease-lost" });
      await expect(place.target.promote()).rejects.toMatchObject({ code: "lease-lost" });
    });

    test("when the lease expires with the rollout open, stable is restored by itself and the rollout is closed", async () => {
      const url = await canary({ ttlMs: 2_500 });
      await place.target.split(50);
      await hold("2", { ttlMs: 1_000 });
      const load = startLoad(url, 4);
      await sleep(2_000);
      const other = await fixture.open();
      expect((await other.target.read()).candidate).toBeNull();
      expect((await askMany(url, 50)).by).toEqual(new Map([[a.digest, 50]]));
      await load.stop();
      expect(load.failures).toEqual([]);
      const steps = (await other.ledger.journal()).map(({ step }) => step);
      expect(steps.slice(-2)).toMatchObject([
        { name: "restore", by: "guard" },
        { name: "end", stage: "restored", verdict: "inconclusive" },
      ]);
      expect(await other.ledger.lease()).toBeNull();
      // The runner was only asleep: it learns at its next renewal, and cannot move traffic any more.
      await expect(place.target.split(100)).rejects.toMatchObject({ code: "lease-lost" });
      await expect(hold("2")).rejects.toMatchObject({ code: "lease-lost" });
    });

    test("a promotion that was finished before the lease expired stays, and its rollout is closed as promoted", async () => {
      await canary({ ttlMs: 1_500 });
      await write("2", { name: "promote" });
      await place.target.promote();
      await sleep(2_500);
      expect(await situation()).toEqual(stableAlone(b));
      expect((await place.ledger.journal()).at(-1)?.step).toMatchObject({ name: "end", stage: "promoted" });
    });

    test("a held candidate keeps its share after the lease was given back", async () => {
      const url = await canary();
      await place.target.split(20);
      await write("2", { name: "end", stage: "held", verdict: "inconclusive" });
      await place.ledger.release("2");
      expect(await situation()).toMatchObject({ candidate: b.digest, candidatePercent: 20 });
      expect((await askMany(url, 100, 1)).by.get(b.digest)).toBeGreaterThan(5);
    });

    test("giving the lease back with the rollout open restores stable", async () => {
      await canary();
      await place.target.split(20);
      await place.ledger.release("2");
      expect(await situation()).toEqual(stableAlone(a));
    });

    test("a seized lease is lost to the one who had it, and the traffic stays until the new holder moves it", async () => {
      await canary();
      await place.target.split(20);
      const other = await fixture.open();
      await hold("operator", { seize: true }, other);
      expect((await situation()).candidatePercent).toBe(20);
      await expect(place.target.split(50)).rejects.toMatchObject({ code: "lease-lost" });
      await expect(write("2", { name: "split", percent: 50 })).rejects.toMatchObject({ code: "lease-lost" });
      await expect(hold("2")).rejects.toMatchObject({
        code: "lease-held",
        message: expect.stringContaining("holder of operator"),
      });
      await write("operator", { name: "restore", reason: "asked to", by: "operator" }, other);
      await other.target.restore();
      expect(await situation()).toEqual(stableAlone(a));
    });

    test("the journal keeps the order, shows an open rollout again and a closed one once", async () => {
      await hold("1");
      await begin("1", a);
      for (let percent = 1; percent <= 20; percent++) await write("1", { name: "split", percent });
      const other = await fixture.open();
      for (const reader of [place, other]) {
        const percents = (await reader.ledger.journal()).flatMap(({ step }) =>
          step.name === "split" ? [step.percent] : [],
        );
        expect(percents).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
      }
      await write("1", { name: "end", stage: "restored", verdict: "fail" });
      await expect(write("1", { name: "prepare" })).rejects.toMatchObject({ code: "lease-lost" });
      expect((await place.ledger.journal()).length).toBe(22);
      expect(await place.ledger.journal()).toEqual([]);
    });

    test("the history holds the last ten, newest first, with how each came about", async () => {
      const releases = [a, b];
      for (let i = 0; i < 12; i++) {
        const rollout = String(i);
        await hold(rollout);
        await begin(rollout, releases[i % 2] as Release);
        await place.target.prepare(releases[i % 2] as Release);
        await place.target.promote();
        const verdict = i === 0 ? "first" : i % 2 === 0 ? "rollback" : "pass";
        await write(rollout, { name: "end", stage: "promoted", verdict });
        await place.ledger.release(rollout);
      }
      const history = await place.ledger.history();
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

    test("predictions are read back by release", async () => {
      const url = await deploy("1", a);
      await askMany(url, 30);
      await sleep(300);
      const ids = new Set<string>();
      for await (const { request_id, outputs } of place.predictions(a.digest)) {
        ids.add(request_id);
        expect(outputs).toHaveLength(1);
      }
      expect(ids.size).toBe(30);
      for await (const _ of place.predictions(b.digest)) throw new Error("b answered nothing");
    });
  });
}
