import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { askMany, startLoad } from "../../local/testing/load.ts";
import { assertNoFailure, type ContractCase } from "./bench.ts";

/** Candidates that fail, runners that are interrupted, and what is seen of both. */
export const failureCases: ContractCase[] = [
  {
    behaviour: "a candidate that never gets ready is refused, and stable is untouched",
    async prove(bench) {
      const url = await bench.deploy("1", bench.a);
      await bench.hold("2");
      const bad = await bench.fixture.neverReady();
      await bench.begin("2", bad);
      const load = startLoad(url, 2);
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
      const url = await bench.deploy("1", a);
      await bench.hold("2");
      const bad = await bench.fixture.crashesAt(3);
      await bench.begin("2", bad);
      await place.target.prepare(bad);
      await place.target.split(50);
      const { failures, by } = await askMany(url, 200, 1);
      assert.ok(failures.length > 0);
      for (const failure of failures) assert.ok(failure.includes(bad.digest), failure);
      assert.equal(by.get(a.digest), 100);
      const seen = await place.telemetry.observe(a.digest, bad.digest);
      assert.ok(seen.ok);
      assert.deepEqual([seen.stable.errors, seen.candidate.errors], [0, failures.length]);
      await place.target.restore();
      await bench.assertAnswers(url, a, 50);
    },
  },
  {
    behaviour: "another runner reads the same and takes up where the first one stopped",
    async prove(bench) {
      const { b, place } = bench;
      const url = await bench.canary();
      await place.target.split(25);
      const other = await bench.fixture.open();
      const { candidate, candidatePercent } = await bench.situation(other);
      assert.deepEqual([candidate, candidatePercent], [b.digest, 25]);
      await bench.hold("2", {}, other);
      await other.target.prepare(b);
      await other.target.split(50);
      await other.target.promote();
      await bench.assertAnswers(url, b, 20);
    },
  },
  {
    behaviour: "telemetry counts both sides from the candidate's first request on",
    async prove(bench) {
      const { a, b, place } = bench;
      const url = await bench.canary();
      const before = await place.telemetry.observe(a.digest, b.digest);
      assert.ok(!before.ok);
      assert.equal(before.problem, "no-traffic");
      const strangers = await place.telemetry.observe(b.digest, a.digest);
      assert.ok(!strangers.ok);
      assert.equal(strangers.problem, "ambiguous");
      await place.target.split(50);
      await askMany(url, 200);
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
      const url = await bench.deploy("1", a);
      await askMany(url, 30);
      await sleep(300);
      const ids = new Set<string>();
      for await (const { request_id, outputs } of place.predictions(a.digest)) {
        ids.add(request_id);
        assert.equal(outputs.length, 1);
      }
      assert.equal(ids.size, 30);
      for await (const _ of place.predictions(b.digest)) assert.fail("b answered nothing");
    },
  },
];
