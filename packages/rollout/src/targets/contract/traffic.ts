import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { assertNoFailure, type ContractCase } from "./bench.ts";

/** Who gets the traffic, from an empty target to a promoted or restored one. */
export const trafficCases: ContractCase[] = [
  {
    behaviour: "an empty target says so and restores to nothing",
    async prove({ place }) {
      assert.partialDeepStrictEqual(await place.target.read(), {
        stable: null,
        candidate: null,
        candidatePercent: 0,
        mirrorPercent: 0,
        ready: { stable: false, candidate: false },
      });
      await place.target.restore();
      assert.deepEqual(await place.ledger.history(), []);
      assert.deepEqual(await place.ledger.journal(), []);
      assert.equal(await place.ledger.lease(), null);
    },
  },
  {
    behaviour: "the first release becomes stable and answers",
    async prove(bench) {
      await bench.deploy("1", bench.a);
      await bench.assertAlone(bench.a);
      assert.equal((await bench.place.target.read()).ready.stable, true);
      await bench.assertAnswers(bench.a, 20);
      const history = await bench.place.ledger.history();
      assert.deepEqual(
        history.map(({ release, rollout }) => [release.digest, rollout]),
        [[bench.a.digest, "1"]],
      );
    },
  },
  {
    behaviour: "a prepared candidate is ready and has no traffic; preparing it again changes nothing",
    async prove(bench) {
      const { a, b, place } = bench;
      await bench.canary();
      await place.target.prepare(b);
      const expected = { stable: a.digest, candidate: b.digest, candidatePercent: 0, mirrorPercent: 0 };
      assert.deepEqual(await bench.situation(), expected);
      assert.deepEqual((await place.target.read()).ready, { stable: true, candidate: true });
      await bench.assertAnswers(a, 100);
    },
  },
  {
    behaviour: "another candidate replaces one without traffic, and not one with",
    async prove(bench) {
      await bench.canary();
      const c = await bench.fixture.sound("c");
      await bench.place.target.prepare(c);
      assert.equal((await bench.situation()).candidate, c.digest);
      await bench.place.target.split(50);
      await assert.rejects(bench.place.target.prepare(bench.b), { code: "conflict" });
      const { candidate, candidatePercent } = await bench.situation();
      assert.deepEqual([candidate, candidatePercent], [c.digest, 50]);
    },
  },
  {
    behaviour: "what is stable cannot become its own candidate",
    async prove(bench) {
      await bench.deploy("1", bench.a);
      await assert.rejects(bench.place.target.prepare(bench.a), { code: "already-stable" });
    },
  },
  {
    behaviour: "shares are what was asked for, measured with requests",
    percents: [25, 40],
    async prove(bench) {
      const { b, place } = bench;
      await bench.canary();
      for (const percent of [25, 40, 50]) {
        await place.target.split(percent);
        await place.target.split(percent);
        assert.equal((await bench.situation()).candidatePercent, percent);
        const load = await bench.ask(1_000);
        assertNoFailure(load, 1_000);
        // A target that draws at random stays within five standard deviations; an exact one at zero.
        const deviation = Math.sqrt(1_000 * (percent / 100) * (1 - percent / 100));
        const off = Math.abs((load.by.get(b.digest) ?? 0) - percent * 10);
        assert.ok(off < 5 * deviation, `${off} of 1000 requests off ${percent} %`);
      }
      await place.target.split(100);
      await bench.assertAnswers(b, 100);
      await place.target.split(0);
      await bench.assertAnswers(bench.a, 100);
    },
  },
  {
    behaviour: "mirrored requests are answered by stable alone",
    mirrors: true,
    async prove(bench) {
      const { target } = bench.place;
      await bench.canary();
      await target.mirror(100);
      await target.mirror(100);
      assert.equal((await bench.situation()).mirrorPercent, 100);
      await bench.assertAnswers(bench.a, 50);
      await target.mirror(0);
      assert.equal((await bench.situation()).mirrorPercent, 0);
    },
  },
  {
    behaviour: "shares that are none are refused, and so is a share without a candidate or a stable",
    async prove(bench) {
      const { target } = bench.place;
      await bench.hold("1");
      await assert.rejects(target.split(10), { code: "no-candidate" });
      await target.prepare(bench.a);
      await assert.rejects(target.split(10), { code: "no-stable" });
      await target.promote();
      await target.prepare(bench.b);
      for (const percent of [-1, 101, Number.NaN]) {
        await assert.rejects(target.split(percent), { code: "invalid" });
        await assert.rejects(target.mirror(percent), { code: "invalid" });
      }
      assert.equal((await bench.situation()).candidatePercent, 0);
    },
  },
  {
    behaviour: "promoting twice is promoting once; without a candidate it is refused",
    async prove(bench) {
      const { a, b, place } = bench;
      await bench.canary();
      await place.target.promote();
      await place.target.promote();
      await bench.assertAlone(b);
      const history = await place.ledger.history();
      assert.deepEqual(
        history.map(({ release }) => release.digest),
        [b.digest, a.digest],
      );
      await bench.end("2");
      await bench.hold("3");
      await assert.rejects(place.target.promote(), { code: "no-candidate" });
    },
  },
  {
    behaviour: "restoring twice is restoring once, and a finished promotion stays",
    async prove(bench) {
      const { a, b, place } = bench;
      await bench.canary();
      await place.target.split(50);
      await place.target.restore();
      await place.target.restore();
      await bench.assertAlone(a);
      await bench.assertAnswers(a, 100);
      await place.target.prepare(b);
      await place.target.promote();
      await place.target.restore();
      await bench.assertAlone(b);
    },
  },
  {
    behaviour: "no request fails under load through split, mirror, restore and promote",
    percents: [25],
    async prove(bench) {
      const { target } = bench.place;
      await bench.canary();
      const load = await bench.load();
      for (const percent of [25, 50, 100]) await target.split(percent);
      await target.restore();
      await target.prepare(bench.b);
      if (bench.fixture.mirrors) await target.mirror(50);
      await target.split(25);
      await target.promote();
      await sleep(300);
      await load.stop();
      assertNoFailure(load, 100);
    },
  },
];
