/** delivery.yaml → what the generators are given. The section `verify` is read as the action reads it. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { UserError } from "@ml-actions/action-kit/action";
import { readSection } from "@ml-actions/action-kit/config";
import { configReaders } from "@ml-actions/action-kit/config-readers";
import { config, text } from "@ml-actions/action-kit/fields";
import { parseInputs } from "@ml-actions/action-kit/inputs";
import { shown } from "@ml-actions/action-kit/wording";
import type { AdmissionRequest, Sigstore } from "@ml-actions/admission";
import { policyFromInputs } from "@ml-actions/evidence/verification";
import { z } from "zod";
import { definition as build } from "../../build/src/definition.ts";
import { registryAddress } from "../../build/src/names.ts";
import { type TrustInputs, trustInputs, trustProblems } from "../../trust-inputs.ts";
import { definition as verify } from "./definition.ts";

export interface PoliciesArguments {
  config: string;
  registry: string[];
  audit: boolean;
}

const timeoutMs = 15_000;
const largestRootBytes = 512 * 1024;

/** The image is the one thing of `verify` that a cluster's policy does not name. */
const inputs = z
  .object({ ...verify.inputs.shape, image: text().optional(), ...trustInputs, config: config() })
  .superRefine((given, context) => {
    for (const { input, message } of trustProblems(given)) {
      context.addIssue({ code: "custom", path: [input], message });
    }
  });

/**
 * @param directory what relative paths start from
 * @throws UserError with every problem of the file
 * @throws EvidenceError `policy`, `trusted-root`
 */
export async function readRequest(given: PoliciesArguments, directory: string): Promise<AdmissionRequest> {
  const environment = { INPUT_CONFIG: given.config };
  const parsed = await parseInputs({ name: "verify", inputs, readsConfig: true }, environment, directory);
  if (!parsed.ok) {
    throw new UserError(parsed.problems.map(({ message }) => message).join("\n"), {
      remedy: `Mend it in ${shown(given.config)}, in the section \`verify\`.`,
    });
  }
  return {
    policy: await policyFromInputs(parsed.inputs),
    sigstore: await sigstoreOf(parsed.inputs),
    registries: await registriesOf(given, directory),
    audit: given.audit,
  };
}

async function registriesOf(
  { registry, config: path }: PoliciesArguments,
  directory: string,
): Promise<string[]> {
  const given = registry.length > 0 ? registry : await registryOfBuild(resolve(directory, path), path);
  const read = z.array(registryAddress()).safeParse(given);
  const remedy =
    "Give `--registry ghcr.io/octo-org`, once for each, or `registry` in the section `build` of delivery.yaml.";
  if (!read.success) {
    const problems = read.error.issues.map(({ message }) => message).join("\n");
    throw new UserError(`The registries that images may come from: ${problems}`, { remedy });
  }
  const registries = [...new Set(read.data)];
  if (registries.length > 0) return registries;
  throw new UserError("Nothing tells which registries images may come from.", { remedy });
}

async function registryOfBuild(path: string, file: string): Promise<unknown[]> {
  const known = {
    action: "build",
    actions: configReaders,
    inputs: Object.keys(build.inputs.shape).filter((name) => name !== "config"),
  };
  const { values } = await readSection(await readFile(path, "utf8"), file, known);
  const registry = values.get("registry")?.value;
  return registry === undefined ? [] : [registry];
}

async function sigstoreOf({
  "trusted-root": path,
  "tuf-url": tufUrl,
}: Pick<TrustInputs, "trusted-root" | "tuf-url">): Promise<Sigstore> {
  if (path !== undefined) {
    const { parseTrustedRoot } = await import("@ml-actions/evidence/signing");
    return { kind: "trusted-root", root: parseTrustedRoot(await readFile(path, "utf8"), path) };
  }
  return tufUrl === undefined ? { kind: "public" } : tufOf(tufUrl);
}

/** Both engines start from the first root, which the checksum behind `#` names. */
async function tufOf(tufUrl: string): Promise<Sigstore> {
  const [url = "", checksum] = tufUrl.split("#");
  const mirror = url.replace(/\/+$/, "");
  const expected = /^sha256:([0-9a-f]{64})$/.exec(checksum ?? "")?.[1];
  if (expected === undefined) {
    throw new UserError(`\`tuf-url\`: ${shown(tufUrl)} names no checksum of the repository's first root.`, {
      remedy: `Write ${mirror}#sha256:<SHA-256 of its 1.root.json>, as its operator tells it.`,
    });
  }
  const place = `${mirror}/1.root.json`;
  const bytes = await fetch(place, { signal: AbortSignal.timeout(timeoutMs) })
    .then(async (response) => (response.ok ? Buffer.from(await response.arrayBuffer()) : null))
    .catch(() => null);
  if (bytes === null || bytes.byteLength > largestRootBytes) {
    throw new UserError(`\`tuf-url\`: ${shown(place)} cannot be had.`, { remedy: "Check the address." });
  }
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (actual === expected) return { kind: "tuf", mirror, firstRoot: bytes };
  throw new UserError(`\`tuf-url\`: ${shown(place)} has sha256:${actual}, expected sha256:${expected}.`, {
    remedy: "Do not trust it before its operator has confirmed the checksum.",
  });
}
