import assert from "node:assert/strict";
import type { Release } from "../../target.ts";
import { assertNoFailure, type ContractCase } from "./bench.ts";

/** Lease, guard, journal and history. */
export const ledgerCases: ContractCase[] = [
  {
    behaviour: "a second holder is refused by name until the lease is given back",
    ofLedger: true,
    async prove(bench) {
      await bench.canary();
      const other = await bench.fixture.open();
      await assert.rejects(bench.hold("3", {}, other), { code: "lease-held", message: /holder of 2/ });
      const lease = await other.ledger.lease();
      assert.deepEqual([lease?.holder, lease?.rollout], ["holder of 2", "2"]);
      await assert.rejects(other.target.split(50), { code: "lease-held" });
      await bench.place.target.promote();
      await bench.end("2");
      await bench.hold("3", {}, other);
    },
  },
  {
    behaviour: "of two who ask for the lease at once, one gets it",
    ofLedger: true,
    async prove(bench) {
      const other = await bench.fixture.open();
      const asked = await Promise.allSettled([bench.hold("1"), bench.hold("2", {}, other)]);
      assert.equal(asked.filter(({ status }) => status === "fulfilled").length, 1);
    },
  },
  {
    behaviour: "a renewal extends the lease",
    ofLedger: true,
    async prove(bench) {
      const first = await bench.hold("1", { ttlMs: 2_000 });
      const second = await bench.hold("1", { ttlMs: 30_000 });
      assert.ok(second.expiresAt > first.expiresAt);
      assert.equal(second.acquiredAt, first.acquiredAt);
    },
  },
  {
    behaviour: "traffic needs a lease",
    async prove(bench) {
      const { target } = bench.place;
      await bench.deploy("1", bench.a);
      await target.prepare(bench.b);
      for (const act of [() => target.split(10), () => target.mirror(10), () => target.promote()]) {
        await assert.rejects(act(), { code: "lease-lost" });
      }
    },
  },
  {
    behaviour:
      "when the lease expires with the rollout open, stable is restored by itself and the rollout closed",
    guarded: true,
    async prove(bench) {
      const { a, place } = bench;
      await bench.canary();
      await place.target.split(50);
      await bench.hold("2", { ttlMs: 1_000 });
      const load = await bench.load(4);
      const other = await bench.fixture.open();
      await bench.eventually(async () => {
        const steps = (await other.ledger.journal()).map(({ step }) => step);
        assert.partialDeepStrictEqual(steps.slice(-2), [
          { name: "restore", by: "guard" },
          { name: "end", stage: "restored", verdict: "inconclusive" },
        ]);
      });
      await bench.assertAlone(a, other);
      await bench.assertAnswers(a, 50);
      await load.stop();
      assertNoFailure(load);
      await bench.eventually(async () => assert.equal(await other.ledger.lease(), null));
      // The runner was only asleep: it learns at its next renewal, and cannot move traffic any more.
      await assert.rejects(place.target.split(100), { code: "lease-lost" });
      await assert.rejects(bench.hold("2"), { code: "lease-lost" });
    },
  },
  {
    behaviour: "a promotion finished before the lease expired stays, and its rollout is closed as promoted",
    guarded: true,
    async prove(bench) {
      await bench.canary();
      await bench.write("2", { name: "promote" });
      await bench.place.target.promote();
      await bench.hold("2", { ttlMs: 500 });
      await bench.eventually(async () => {
        const last = (await bench.place.ledger.journal()).at(-1);
        assert.partialDeepStrictEqual(last?.step, { name: "end", stage: "promoted" });
      });
      await bench.assertAlone(bench.b);
    },
  },
  {
    behaviour: "a held candidate keeps its share after the lease was given back",
    async prove(bench) {
      const { b, place } = bench;
      await bench.canary();
      await place.target.split(50);
      await bench.write("2", { name: "end", stage: "held", verdict: "inconclusive" });
      await place.ledger.release("2");
      const { candidate, candidatePercent } = await bench.situation();
      assert.deepEqual([candidate, candidatePercent], [b.digest, 50]);
      const { by } = await bench.ask(100);
      assert.ok((by.get(b.digest) ?? 0) > 25);
    },
  },
  {
    behaviour: "giving the lease back with the rollout open restores stable",
    async prove(bench) {
      await bench.canary();
      await bench.place.target.split(50);
      await bench.place.ledger.release("2");
      await bench.assertAlone(bench.a);
    },
  },
  {
    behaviour: "a seized lease is lost to who had it, and the traffic stays until the new holder moves it",
    ofLedger: true,
    async prove(bench) {
      const { place } = bench;
      await bench.canary();
      await place.target.split(50);
      const other = await bench.fixture.open();
      await bench.hold("operator", { seize: true }, other);
      assert.equal((await bench.situation()).candidatePercent, 50);
      await assert.rejects(place.target.split(50), { code: "lease-lost" });
      await assert.rejects(bench.write("2", { name: "split", percent: 50 }), { code: "lease-lost" });
      await assert.rejects(bench.hold("2"), { code: "lease-held", message: /holder of operator/ });
      await bench.write("operator", { name: "restore", reason: "asked to", by: "operator" }, other);
      await other.target.restore();
      await bench.assertAlone(bench.a);
    },
  },
  {
    behaviour: "the journal keeps the order, shows an open rollout again and a closed one once",
    ofLedger: true,
    async prove(bench) {
      const { place } = bench;
      await bench.hold("1");
      await bench.begin("1", bench.a);
      for (let percent = 1; percent <= 20; percent++) await bench.write("1", { name: "split", percent });
      for (const reader of [place, await bench.fixture.open()]) {
        const steps = (await reader.ledger.journal()).map(({ step }) => step);
        const percents = steps.flatMap((step) => (step.name === "split" ? [step.percent] : []));
        assert.deepEqual(
          percents,
          Array.from({ length: 20 }, (_, i) => i + 1),
        );
      }
      await bench.write("1", { name: "end", stage: "restored", verdict: "fail" });
      await assert.rejects(bench.write("1", { name: "prepare" }), { code: "lease-lost" });
      assert.equal((await place.ledger.journal()).length, 22);
      assert.deepEqual(await place.ledger.journal(), []);
    },
  },
  {
    behaviour: "the history holds the last ten, newest first, with how each came about",
    ofLedger: true,
    async prove(bench) {
      const { place, a, b } = bench;
      const { promotions } = bench.fixture;
      for (let i = 0; i < promotions; i++) {
        const release: Release = i % 2 === 0 ? a : b;
        const rollout = String(i);
        await bench.hold(rollout);
        await bench.begin(rollout, release);
        await place.target.prepare(release);
        await place.target.promote();
        const verdict = i === 0 ? "first" : i % 2 === 0 ? "rollback" : "pass";
        await bench.write(rollout, { name: "end", stage: "promoted", verdict });
        await place.ledger.release(rollout);
      }
      const history = await place.ledger.history();
      const newestFirst = Array.from({ length: promotions }, (_, i) => String(promotions - 1 - i));
      assert.deepEqual(
        history.map(({ rollout }) => rollout),
        newestFirst.slice(0, 10),
      );
      assert.deepEqual(
        history.slice(0, 2).map(({ verdict }) => verdict),
        ["pass", "rollback"],
      );
    },
  },
];
