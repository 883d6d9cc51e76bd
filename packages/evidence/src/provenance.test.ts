import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EvidenceError } from "./error.ts";
import {
  buildTypes,
  formatProvenance,
  type ProvenanceInput,
  parseProvenance,
  provenanceStatement,
  readProvenance,
} from "./provenance.ts";

const sha256 = (digit: string) => `sha256:${digit.repeat(64)}`;

const build: ProvenanceInput = {
  subject: { name: "ghcr.io/octo-org/flights", digest: sha256("a") },
  buildType: buildTypes.append,
  inputs: { model: "models/flights-2.onnx", name: "flights", version: "1.4" },
  workflow: {
    repository: "https://github.com/octo-org/flights",
    path: ".github/workflows/delivery.yml",
    ref: "refs/heads/main",
  },
  dependencies: [
    {
      name: "source",
      uri: "git+https://github.com/octo-org/flights@refs/heads/main",
      digest: { gitCommit: "ffac537e6cbbf934b08745a378932722df287a53" },
    },
    { name: "model", digest: { sha256: "b".repeat(64) } },
  ],
  builder: {
    id: "https://github.com/octo-org/flights/.github/workflows/delivery.yml@refs/heads/main",
    version: { "ml-actions": "0.1.0" },
  },
  invocation: "https://github.com/octo-org/flights/actions/runs/4711/attempts/1",
  startedAt: Date.UTC(2026, 10, 22, 12, 0, 0),
  finishedAt: Date.UTC(2026, 10, 22, 12, 0, 9),
};

const problemOf = (act: () => unknown): EvidenceError => {
  try {
    act();
  } catch (error) {
    if (error instanceof EvidenceError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("provenance", () => {
  it("is read back as it was written", () => {
    const { predicate, subject } = readProvenance(formatProvenance(provenanceStatement(build)), "p");
    expect(subject).toEqual([{ name: "ghcr.io/octo-org/flights", digest: { sha256: "a".repeat(64) } }]);
    expect(predicate.buildDefinition).toMatchObject({
      buildType: "https://ml-actions.github.io/build/append/v1",
      externalParameters: { inputs: build.inputs, workflow: build.workflow },
      resolvedDependencies: build.dependencies,
    });
    expect(predicate.runDetails).toMatchObject({
      builder: build.builder,
      metadata: {
        invocationId: build.invocation,
        startedOn: "2026-11-22T12:00:00.000Z",
        finishedOn: "2026-11-22T12:00:09.000Z",
      },
    });
  });

  it("has the same bytes for the same build, whatever the order of its inputs", () => {
    const reversed = Object.fromEntries(Object.entries(build.inputs).reverse());
    expect(formatProvenance(provenanceStatement({ ...build, inputs: reversed }))).toBe(
      formatProvenance(provenanceStatement(build)),
    );
  });

  it("leaves out a workflow and a run that there are not", () => {
    const { predicate } = provenanceStatement({ ...build, workflow: null, invocation: null });
    expect(predicate.buildDefinition.externalParameters).toEqual({ inputs: build.inputs });
    expect(predicate.runDetails.metadata).not.toHaveProperty("invocationId");
  });

  it("is not written without a digest, a builder or a time", () => {
    const wrong: Partial<ProvenanceInput>[] = [
      { subject: { name: "flights", digest: "latest" } },
      { builder: { id: "me", version: {} } },
      { finishedAt: Number.NaN },
      { dependencies: [{ name: "model", digest: { sha256: "B".repeat(64) } }] },
    ];
    for (const change of wrong) {
      expect(problemOf(() => provenanceStatement({ ...build, ...change })).code).toBe("invalid-result");
    }
  });
});

describe("provenance of others", () => {
  const statement = (change: object = {}) => ({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "image", digest: { sha256: "c".repeat(64) } }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: "https://actions.github.io/buildtypes/workflow/v1",
        externalParameters: { workflow: { ref: "refs/heads/main" } },
        internalParameters: { github: { event_name: "push" } },
        resolvedDependencies: [
          { uri: "git+https://github.com/o/r@refs/heads/main", digest: { gitCommit: "1".repeat(40) } },
        ],
      },
      runDetails: { builder: { id: "https://github.com/o/r/.github/workflows/b.yml@refs/heads/main" } },
    },
    ...change,
  });

  it("is read: GitHub's attest", () => {
    const { predicate } = parseProvenance(statement(), "p");
    expect(predicate.runDetails.metadata).toEqual({});
    expect(predicate.runDetails.byproducts).toEqual([]);
  });

  it("takes unset, null and empty for the same, as the specification asks", () => {
    const { predicate } = statement();
    const withNulls = statement({
      predicate: {
        buildDefinition: {
          ...predicate.buildDefinition,
          internalParameters: null,
          resolvedDependencies: null,
        },
        runDetails: {
          builder: { ...predicate.runDetails.builder, version: null, builderDependencies: null },
          metadata: { invocationId: "", startedOn: null, finishedOn: null },
          byproducts: null,
        },
      },
    });
    expect(parseProvenance(withNulls, "p").predicate.buildDefinition.resolvedDependencies).toEqual([]);
    expect(parseProvenance(withNulls, "p").predicate.runDetails.metadata.finishedOn).toBeUndefined();
  });

  it("is refused by place: another predicate, no subject, no builder, no URI", () => {
    expect(
      problemOf(() => parseProvenance(statement({ predicateType: "https://x" }), "a.json")),
    ).toMatchObject({
      code: "wrong-schema",
      message: expect.stringMatching(
        /^a\.json has predicateType "https:\/\/x"; expected "https:\/\/slsa\.dev/,
      ),
    });
    expect(problemOf(() => parseProvenance(statement({ subject: [] }), "p")).message).toMatch(/subject/);
    expect(
      problemOf(() => parseProvenance(statement({ subject: [{ digest: { sha512: "a".repeat(128) } }] }), "p"))
        .message,
    ).toMatch(/subject\[0\]\.digest: expected a digest sha256/);
    const { predicate } = statement();
    const nobody = statement({
      predicate: { ...predicate, runDetails: { builder: { id: "nobody\n::error::" } } },
    });
    const problem = problemOf(() => parseProvenance(nobody, "p"));
    expect(problem).toMatchObject({
      code: "malformed",
      remedy: expect.stringMatching(/output "provenance"/),
    });
    expect(problem.message).toMatch(/predicate\.runDetails\.builder\.id: expected a URI/);
    expect(problem.message).not.toMatch(/^::error/m);
  });

  it("never ends in anything but an EvidenceError, whatever the text", () => {
    const text = formatProvenance(provenanceStatement(build));
    fc.assert(
      fc.property(fc.nat(text.length), fc.string({ maxLength: 8 }), fc.nat(8), (at, put, gone) => {
        const edited = text.slice(0, at) + put + text.slice(at + gone);
        try {
          readProvenance(edited, "p");
        } catch (error) {
          expect(error).toBeInstanceOf(EvidenceError);
        }
      }),
    );
    expect(problemOf(() => readProvenance('{"__proto__": {}}', "p")).code).toBe("not-json");
    expect(problemOf(() => readProvenance("", "p")).code).toBe("not-json");
  });
});
