/** The generated resources, held against the CRDs of policy-controller and Kyverno as their own modules have them. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type AdmissionRequest, admissionFiles } from "@ml-actions/admission";
import { readPolicy } from "@ml-actions/evidence/verification";
import { newKey } from "@ml-actions/evidence/verification/testing/image";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { goTools } from "../components/go-tool.ts";
import { type RunningSigstore, startSigstore } from "../components/sigstore.ts";
import { fullPolicy } from "./admission-evidence.ts";

type Schema = Record<string, unknown>;
type Resource = { apiVersion: string; kind: string } & Record<string, unknown>;
interface Definition {
  spec: {
    group: string;
    names: { kind: string };
    versions: { name: string; schema: { openAPIV3Schema: Schema } }[];
  };
}

const identity = "identity: https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/*";
let sigstore: RunningSigstore;
let schemas: Map<string, Schema>;

beforeAll(async () => {
  sigstore = await startSigstore();
  const files = await Promise.all([
    crd("policy-tester", "config/300-clusterimagepolicy.yaml"),
    crd("policy-tester", "config/300-trustroot.yaml"),
    crd("kyverno", "config/crds/policies.kyverno.io/policies.kyverno.io_imagevalidatingpolicies.yaml"),
  ]);
  schemas = new Map(files.flat());
});
afterAll(() => sigstore?.stop());

/** `group/version kind` → schema. */
async function crd(tool: "policy-tester" | "kyverno", path: string): Promise<[string, Schema][]> {
  const { module, version } = goTools[tool];
  const work = await mkdtemp(join(tmpdir(), "ml-actions-crd-"));
  try {
    const { stdout } = await promisify(execFile)("go", ["mod", "download", "-json", `${module}@${version}`], {
      cwd: work,
    });
    const text = await readFile(join(JSON.parse(stdout).Dir, path), "utf8");
    return parseAllDocuments(text).flatMap((document) => {
      const { spec } = document.toJS() as Definition;
      return spec.versions.map(({ name, schema }): [string, Schema] => [
        `${spec.group}/${name} ${spec.names.kind}`,
        strict({ ...schema.openAPIV3Schema, ...head(schema.openAPIV3Schema) }),
      ]);
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** What Kubernetes adds to every object. */
function head({ properties }: Schema): Schema {
  const text = { type: "string" };
  const metadata = { type: "object", properties: { name: text }, required: ["name"] };
  return { properties: { ...(properties as Schema), apiVersion: text, kind: text, metadata } };
}

/** Kubernetes drops fields that a schema does not know, silently: here they are refused. */
function strict(value: unknown): Schema {
  if (Array.isArray(value)) return value.map(strict) as unknown as Schema;
  if (typeof value !== "object" || value === null) return value as Schema;
  const schema: Schema = Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, strict(each)]),
  );
  const open = "additionalProperties" in schema || schema["x-kubernetes-preserve-unknown-fields"] === true;
  return "properties" in schema && schema.type === "object" && !open
    ? { ...schema, additionalProperties: false }
    : schema;
}

function problems(resource: Resource): string[] {
  const schema = schemas.get(`${resource.apiVersion} ${resource.kind}`);
  if (schema === undefined) return [`no schema of ${resource.apiVersion} ${resource.kind}`];
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const validate = ajv.compile(schema);
  if (validate(resource)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

function resources(request: Partial<AdmissionRequest>, signer = identity): Resource[] {
  const { files } = admissionFiles({
    policy: readPolicy(fullPolicy(signer), "trust.yaml"),
    sigstore: { kind: "public" },
    registries: ["ghcr.io/octo-org"],
    audit: false,
    ...request,
  });
  return files
    .filter(({ path }) => !path.startsWith("gatekeeper/"))
    .flatMap(({ text }) => parseAllDocuments(text).map((document) => document.toJS() as Resource));
}

describe("every resource is one that its CRD knows, field by field", () => {
  it.each([
    ["of public Sigstore", () => resources({})],
    ["that only tell", () => resources({ audit: true })],
    [
      "of a trusted root",
      () => resources({ sigstore: { kind: "trusted-root", root: sigstore.trustedRoot } }),
    ],
    [
      "of a TUF repository",
      () =>
        resources({
          sigstore: { kind: "tuf", mirror: "https://tuf.example", firstRoot: Buffer.from("{}") },
        }),
    ],
    [
      "of a key",
      () => {
        const { trust } = newKey();
        return resources({}, `key: ${JSON.stringify(trust.kind === "key" ? trust.publicKey : "")}`);
      },
    ],
  ])("%s", (_, make) => {
    const made = make();
    expect(made.length).toBeGreaterThan(0);
    expect(made.flatMap(problems)).toEqual([]);
  });

  it("and what it does not know is found", () => {
    const [first] = resources({}) as [Resource];
    const spec = { ...(first.spec as object), authoritys: [] };
    expect(problems({ ...first, spec })).toEqual(["/spec must NOT have additional properties"]);
  });
});
