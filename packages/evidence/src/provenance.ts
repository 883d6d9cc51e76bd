/**
 * How an image came to be: SLSA provenance as an in-toto statement.
 *
 * SLSA provenance v1, specification 1.1: https://slsa.dev/spec/v1.1/provenance
 * Resource descriptors: https://github.com/in-toto/attestation/blob/main/spec/v1/resource_descriptor.md
 */
import { z } from "zod";
import { canonicalJson } from "./configuration.ts";
import { EvidenceError } from "./error.ts";
import { isoTime } from "./metrics-file.ts";
import { predicateTypes } from "./predicates.ts";
import { parseJson, type Source, shown, validate } from "./read-json.ts";
import { type NamedDigest, statementType } from "./statement.ts";

export const provenanceType = predicateTypes.build;

/** What the parameters of a build mean: each is described in the README of the action `build`. */
export const buildTypes = {
  /** Layers with the model and its server appended to a base image, without Docker. */
  append: "https://ml-actions.github.io/build/append/v1",
  /** `docker buildx build` of a Dockerfile. */
  dockerfile: "https://ml-actions.github.io/build/dockerfile/v1",
} as const;

/** An artifact that went into a build, or fell out of it. */
export interface Resource {
  /** Which parameter it is the value of, or its part in the build: `model`, `base`, `source`. */
  name: string;
  uri?: string;
  /** Algorithm → lower-case hex: `{ sha256: "…" }`, `{ gitCommit: "…" }`. */
  digest: Readonly<Record<string, string>>;
  mediaType?: string;
}

export interface ProvenanceInput {
  subject: NamedDigest;
  buildType: (typeof buildTypes)[keyof typeof buildTypes];
  /** What the build was asked for, without secrets: input → value as given. */
  inputs: Readonly<Record<string, string>>;
  /** The workflow that asked, as GitHub names it; null elsewhere. */
  workflow: { repository: string; path: string; ref: string } | null;
  dependencies: readonly Resource[];
  /** Who ran the build: a URI, and the versions of what it ran. */
  builder: { id: string; version: Readonly<Record<string, string>> };
  /** URL of the run; null outside of GitHub. */
  invocation: string | null;
  /** Milliseconds since 1970. */
  startedAt: number;
  finishedAt: number;
  byproducts?: readonly Resource[];
}

const uri = z
  .string()
  .max(4000)
  .regex(/^[a-z][a-z0-9+.-]*:[^\s\p{Cc}]+$/iu, "expected a URI");
/** Values are hex in lower case for every algorithm that in-toto names. */
const digestSet = z.record(
  z.string().min(1).max(100),
  z.string().regex(/^[0-9a-f]{8,256}$/, "expected lower-case hexadecimal digits"),
);
/** The specification: "Unset, null, and empty field values MUST be interpreted equivalently." */
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (value === null || value === "" ? undefined : value), schema.optional());

const resource = z
  .object({
    name: optional(z.string().max(1000)),
    uri: optional(uri),
    digest: optional(digestSet),
    mediaType: optional(z.string().max(200)),
  })
  .refine(
    ({ uri: at, digest }) => at !== undefined || digest !== undefined,
    "expected a uri or a digest of the resource",
  );
const resources = z.preprocess((value) => value ?? [], z.array(resource).max(10_000));
const time = optional(z.iso.datetime({ offset: true }));

/** Fields that we do not know are ignored, as SLSA asks of a consumer. */
export const provenanceSchema = z.object({
  _type: z.literal(statementType),
  subject: z
    .array(
      z.object({
        name: optional(z.string().max(1000)),
        digest: digestSet.refine(
          ({ sha256 }) => sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256),
          "expected a digest sha256 of 64 lower-case hexadecimal digits",
        ),
      }),
    )
    .min(1)
    .max(10),
  predicateType: z.literal(provenanceType),
  predicate: z.object({
    buildDefinition: z.object({
      buildType: uri,
      externalParameters: z.record(z.string(), z.unknown()),
      internalParameters: z.preprocess((value) => value ?? {}, z.record(z.string(), z.unknown())),
      resolvedDependencies: resources,
    }),
    runDetails: z.object({
      builder: z.object({
        id: uri,
        version: z.preprocess((value) => value ?? {}, z.record(z.string(), z.string())),
        builderDependencies: resources,
      }),
      metadata: z.preprocess(
        (value) => value ?? {},
        z.object({ invocationId: optional(z.string().max(4000)), startedOn: time, finishedOn: time }),
      ),
      byproducts: resources,
    }),
  }),
});

export type Provenance = z.output<typeof provenanceSchema>;

/** As it is written: only the fields that say something. */
export interface ProvenanceStatement {
  _type: typeof statementType;
  subject: { name: string; digest: { sha256: string } }[];
  predicateType: typeof provenanceType;
  predicate: {
    buildDefinition: {
      buildType: string;
      externalParameters: Readonly<Record<string, unknown>>;
      resolvedDependencies: readonly Resource[];
    };
    runDetails: {
      builder: ProvenanceInput["builder"];
      metadata: { invocationId?: string; startedOn: string; finishedOn: string };
      byproducts?: readonly Resource[];
    };
  };
}

/** @throws EvidenceError `invalid-result` for what is no provenance: no digest, a builder that is no URI, no time. */
export function provenanceStatement(input: ProvenanceInput): ProvenanceStatement {
  const { subject, workflow, invocation, byproducts = [] } = input;
  const statement: ProvenanceStatement = {
    _type: statementType,
    subject: [{ name: subject.name, digest: { sha256: subject.digest.replace(/^sha256:/, "") } }],
    predicateType: provenanceType,
    predicate: {
      buildDefinition: {
        buildType: input.buildType,
        externalParameters: { ...(workflow === null ? {} : { workflow }), inputs: input.inputs },
        resolvedDependencies: input.dependencies,
      },
      runDetails: {
        builder: input.builder,
        metadata: {
          ...(invocation === null ? {} : { invocationId: invocation }),
          startedOn: isoTime(input.startedAt),
          finishedOn: isoTime(input.finishedAt),
        },
        ...(byproducts.length === 0 ? {} : { byproducts }),
      },
    },
  };
  const source = {
    place: "The build",
    expected: "fit for a provenance",
    remedy: "This is a bug: please report it.",
  };
  validate(provenanceSchema, statement, source, "invalid-result");
  return statement;
}

/** Canonical JSON (RFC 8785) with a newline: the same build gives the same bytes. */
export function formatProvenance(statement: ProvenanceStatement): string {
  return `${canonicalJson(statement)}\n`;
}

/**
 * Reads a provenance statement, ours or another builder's (GitHub's, BuildKit's). It says what the statement claims;
 * whether to believe it is a matter of its signature.
 *
 * @param place how to name it in an error
 * @throws EvidenceError `not-json`, `wrong-schema` or `malformed`, naming every place (ten at most)
 */
export function readProvenance(text: string, place: string): Provenance {
  return parseProvenance(parseJson(text, sourceAt(place)), place);
}

/** As `readProvenance`, from JSON that is parsed already. */
export function parseProvenance(value: unknown, place: string): Provenance {
  const source = sourceAt(place);
  const type =
    typeof value === "object" && value !== null && "predicateType" in value ? value.predicateType : undefined;
  if (type !== provenanceType) {
    const has =
      type === undefined ? "has no predicateType" : `has predicateType ${shown(JSON.stringify(type), 120)}`;
    throw new EvidenceError(
      "wrong-schema",
      `${shown(place)} ${has}; expected "${provenanceType}".`,
      source.remedy,
    );
  }
  return validate(provenanceSchema, value, source);
}

const sourceAt = (place: string): Source => ({
  place,
  expected: "a provenance statement",
  remedy: 'Give the provenance file that build wrote (output "provenance").',
});
