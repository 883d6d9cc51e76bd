import assert from "node:assert/strict";
import { assertNoFailure, type ContractCase } from "./bench.ts";

/** Candidates that fail, runners that are interrupted, and what is seen of both. */
export const failureCases: ContractCase[] = [
  {
    behaviour: "a candidate that never gets ready is refused, and stable is untouched",
    async prove(bench) {
      await bench.deploy("1", bench.a);
      await bench.hold("2");
      const bad = await bench.fixture.neverReady();
      await bench.begin("2", bad);
      const load = await bench.load(2);
      await assert.rejects(bench.place.target.prepare(bad), { code: "not-ready" });
      await load.stop();
      assertNoFailure(load);
      await bench.assertAlone(bench.a);
      await bench.place.target.prepare(bench.b);
    },
  },
  {
    behaviour: "a candidate that crashes fails its own requests alone, and can be restored from",
    async prove(bench) {
      const { a, place } = bench;
      await bench.deploy("1", a);
      await bench.hold("2");
      const bad = await bench.fixture.crashesAt(3);
      await bench.begin("2", bad);
      await place.target.prepare(bad);
      await place.target.split(50);
      const { failures, by } = await bench.ask(200, 1);
      assert.ok(failures.length > 0);
      const answered = by.get(a.digest) ?? 0;
      if (bench.fixture.countsOnTheWay) {
        for (const failure of failures) assert.ok(failure.includes(bad.digest), failure);
        assert.equal(answered, 100);
        const seen = await place.telemetry.observe(a.digest, bad.digest);
        assert.ok(seen.ok);
        assert.deepEqual([seen.stable.errors, seen.candidate.errors], [0, failures.length]);
      }
      // None of stable's is among them: it answered at least its own half of the requests.
      assert.ok(answered >= 65, `stable answered ${answered} of 200`);
      await place.target.restore();
      await bench.assertAnswers(a, 50);
    },
  },
  {
    behaviour: "another runner reads the same and takes up where the first one stopped",
    percents: [25],
    async prove(bench) {
      const { b, place } = bench;
      await bench.canary();
      await place.target.split(25);
      const other = await bench.fixture.open();
      const { candidate, candidatePercent } = await bench.situation(other);
      assert.deepEqual([candidate, candidatePercent], [b.digest, 25]);
      await bench.hold("2", {}, other);
      await other.target.prepare(b);
      await other.target.split(50);
      await other.target.promote();
      await bench.assertAnswers(b, 20);
    },
  },
  {
    behaviour: "telemetry counts both sides from the candidate's first request on",
    async prove(bench) {
      const { a, b, place } = bench;
      await bench.canary();
      const before = await place.telemetry.observe(a.digest, b.digest);
      assert.ok(!before.ok);
      assert.equal(before.problem, "no-traffic");
      const strangers = await place.telemetry.observe(b.digest, a.digest);
      assert.ok(!strangers.ok);
      assert.equal(strangers.problem, "ambiguous");
      await place.target.split(50);
      await bench.ask(200);
      const after = await place.telemetry.observe(a.digest, b.digest);
      assert.ok(after.ok);
      assert.deepEqual([after.stable.errors, after.candidate.errors], [0, 0]);
      assert.ok(after.candidate.requests >= 70 && after.candidate.requests <= 130);
    },
  },
  {
    behaviour: "predictions are read back by release",
    async prove(bench) {
      const { a, b, place } = bench;
      await bench.deploy("1", a);
      await bench.ask(30);
      await bench.eventually(async () => {
        const ids = new Set<string>();
        for await (const { request_id, outputs } of place.predictions(a.digest)) {
          ids.add(request_id);
          assert.equal(outputs.length, 1);
        }
        assert.equal(ids.size, 30);
      });
      for await (const _ of place.predictions(b.digest)) assert.fail("b answered nothing");
    },
  },
];
