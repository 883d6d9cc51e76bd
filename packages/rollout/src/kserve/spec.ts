/** The file that says what an InferenceService serves, `infra/kserve/<model>-vX.yaml`: read and checked. */
import { type Document, parseAllDocuments } from "yaml";
import { z } from "zod";
import { RolloutError } from "../error.ts";
import { knownStorage, type Predictor, type Served, servedBy, serving } from "./served.ts";

export interface KserveSpec {
  name: string;
  namespace: string | null;
  serves: Served;
  /** Of the model's file, where the file says it: by its evidence a model is verified, and by its digest it is known. */
  modelDigest: string | null;
}

/** On the InferenceService. */
const digestAnnotation = "ml-actions.github.io/model-digest";

/** An InferenceService is at most what etcd takes; nobody writes one that is larger. */
const maxBytes = 1 << 20;

/** @param where of people, for messages: the file's path
 * Rejects with `invalid` naming everything that is wrong with it. */
export function readKserveSpec(text: string, where: string): KserveSpec {
  const fail = (problems: readonly string[]): never => {
    throw new RolloutError(
      "invalid",
      `${where} is no InferenceService that can be rolled out:\n${problems.map((each) => `  ${each}`).join("\n")}`,
      "Correct what is named.",
    );
  };
  if (Buffer.byteLength(text) > maxBytes) fail([`it is larger than ${maxBytes} bytes`]);
  const documents = parseAllDocuments(text).filter(
    (each) => each.contents !== null || each.errors.length > 0,
  );
  const [document] = documents;
  if (document === undefined || documents.length !== 1)
    return fail([`expected one YAML document, found ${documents.length}`]);
  if (document.errors.length > 0)
    fail(document.errors.map(({ message }) => message.split("\n")[0] ?? message));
  const result = inferenceService.safeParse(values(document, fail));
  if (!result.success)
    return fail(
      result.error.issues.map(({ path, message }) => `${path.join(".") || "the document"}: ${message}`),
    );
  const { metadata, spec } = result.data;
  const serves = servedBy(spec.predictor as unknown as Predictor, where);
  const { name, namespace = null, annotations } = metadata;
  return { name, namespace, serves, modelDigest: annotations?.[digestAnnotation] ?? null };
}

function values(document: Document, fail: (problems: string[]) => never): unknown {
  try {
    // Aliases of aliases would grow without bound.
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return fail([(error as Error).message]);
  }
}

const name = z
  .string({ error: "expected a name" })
  .max(63)
  .regex(
    /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    "expected lower-case letters, digits and -, beginning with a letter",
  );
const said = (what: string) => z.string({ error: `expected ${what}` }).min(1, `expected ${what}`);
/** A field that a rollout writes: in a file it would undo the rollout each time the file is applied. */
const ours = (instead: string) =>
  z.undefined({ error: `is written by the rollout itself; leave it out of the file${instead}` }).optional();

const model = z.looseObject({
  modelFormat: z.looseObject({ name: said("the format's name, such as onnx") }),
  storageUri: said("where the model lies").refine(knownStorage, {
    error:
      "expected an address that KServe loads models from: s3://, gs://, https://, hf://, pvc://, oci://, …",
  }),
  runtime: said("a ServingRuntime's name").optional(),
  storage: z.undefined({ error: "is not rolled out; name the model by storageUri" }).optional(),
});
const container = z.looseObject({ name: said("the container's name"), image: said("an image") });

const predictor = z
  .looseObject({
    model: model.optional(),
    containers: z.array(container).min(1).optional(),
    canaryTrafficPercent: ours(""),
    storageUris: z.undefined({ error: "is not rolled out; name the one model by storageUri" }).optional(),
  })
  .superRefine((value, context) => {
    const custom = (message: string) => context.addIssue({ code: "custom", message });
    const old = oldFormats.filter((format) => value[format] !== undefined);
    if (old.length > 0)
      custom(`${old.join(", ")}: the old way to name a format; write model.modelFormat.name`);
    else if (value.model === undefined && value.containers === undefined)
      custom("expected model (files on a runtime) or containers (an image)");
    if (value.model !== undefined && value.containers?.some((each) => each.name === "kserve-container"))
      custom("has both a model and a container kserve-container: which of them serves is not said");
    if (
      value.model === undefined &&
      value.containers !== undefined &&
      serving(value.containers) === undefined
    )
      custom("containers: several, and none is named kserve-container: which of them serves is not said");
  });

const inferenceService = z.looseObject({
  apiVersion: z.literal("serving.kserve.io/v1beta1", { error: "expected serving.kserve.io/v1beta1" }),
  kind: z.literal("InferenceService", { error: "expected InferenceService" }),
  metadata: z.looseObject({
    name,
    namespace: name.optional(),
    annotations: z
      .looseObject({
        [digestAnnotation]: z
          .string()
          .regex(/^sha256:[0-9a-f]{64}$/, "expected sha256: and 64 hex digits")
          .optional(),
      })
      .optional(),
  }),
  spec: z.looseObject({ predictor, canary: ours("; its status says ready while no request is routed") }),
});

const oldFormats = [
  ..."sklearn xgboost tensorflow pytorch triton onnx huggingface pmml lightgbm paddle".split(" "),
];
