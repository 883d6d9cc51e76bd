import type { KubeObject } from "@ml-actions/cluster/types";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RolloutError } from "../error.ts";
import { isHeard, leaseAnnotations, readLease, salvageLease, writeLease } from "./lease-object.ts";
import { ledgerObjects } from "./ledger-names.ts";

const resource = "deployment/flights";
const of = { ref: ledgerObjects("ml", resource).lease, resource };
const held = { holder: "https://ci/run/7", rollout: "7", acquiredAt: 1_000, renewedAt: 5_250, ttlMs: 700 };

describe("the Lease object", () => {
  it("says what was written into it, to the millisecond", () => {
    const { lease } = readLease(writeLease(null, of, held), resource);
    expect(lease).toEqual({ holder: held.holder, rollout: "7", acquiredAt: 1_000, expiresAt: 5_950 });
    expect(writeLease(null, of, held).spec).toMatchObject({
      leaseDurationSeconds: 1,
      renewTime: "1970-01-01T00:00:05.250000Z",
    });
  });

  it("counts how often it changed hands, and keeps what others put into it", () => {
    const theirs = writeLease(null, of, held);
    theirs.metadata.labels = { ...theirs.metadata.labels, team: "flights" };
    const renewed = writeLease(theirs, of, { ...held, renewedAt: 6_000 });
    expect(renewed.spec).toMatchObject({ leaseTransitions: 1 });
    const other = writeLease(renewed, of, { ...held, rollout: "8" });
    expect(other.spec).toMatchObject({ leaseTransitions: 2 });
    expect(other.metadata.labels).toMatchObject({ team: "flights" });
  });

  it("that was given back is nobody's", () => {
    const free = writeLease(writeLease(null, of, held), of, null);
    expect(readLease(free, resource).lease).toBeNull();
    expect(free.metadata.annotations).not.toHaveProperty(leaseAnnotations.holder);
  });

  it("carries the guard's sign of life, and one that cannot be read is none", () => {
    const object = writeLease(null, of, held);
    const beat = { at: 10_000, spec: "s", job: null, pod: "p" };
    object.metadata.annotations = {
      ...object.metadata.annotations,
      [leaseAnnotations.guard]: JSON.stringify(beat),
    };
    const { heartbeat } = readLease(object, resource);
    expect([isHeard(heartbeat, 15_000), isHeard(heartbeat, 60_000), isHeard(null, 0)]).toEqual([
      true,
      false,
      false,
    ]);
    object.metadata.annotations[leaseAnnotations.guard] = "yes";
    expect(readLease(object, resource).heartbeat).toBeNull();
  });

  it("that anybody changed in any way is read, or refused by name, or nobody's for the guard", () => {
    const spec = fc.anything({ maxDepth: 2 });
    const annotations = fc.dictionary(fc.constantFrom(...Object.values(leaseAnnotations)), fc.string());
    fc.assert(
      fc.property(spec, annotations, (changed, more) => {
        const object: KubeObject = writeLease(null, of, held);
        object.metadata.annotations = { ...object.metadata.annotations, ...more };
        const odd = { ...object, spec: changed };
        expect(["lease", "broken"].some((key) => key in salvageLease(odd, resource))).toBe(true);
        try {
          readLease(odd, resource);
        } catch (error) {
          expect(error).toBeInstanceOf(RolloutError);
          expect((error as RolloutError).remedy).toContain(
            "kubectl -n ml delete lease ml-actions-deployment-flights",
          );
        }
      }),
    );
  });
});
