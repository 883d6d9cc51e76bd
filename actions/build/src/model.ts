/** What goes into the image: the model, its contract, the reference profile, and what its evidence says of it. */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import { type CardInput, cardOf, figuresField, readStatement } from "@ml-actions/evidence";
import { parseProfile } from "@ml-actions/gates/drift";
import { digestOfBytes } from "@ml-actions/oci/digest";
import { type MeasuredModel, measureModel, releaseDigest } from "@ml-actions/oci/image";

import type { Contract } from "@ml-actions/serving/contract";
import { contractBeside, readContract } from "@ml-actions/serving/load-contract";
import { InferencePool } from "@ml-actions/serving/pool";
import { findRuntime } from "@ml-actions/serving/runtime";
import type { BuildInputs, BuildOutputs } from "./definition.ts";

export interface ModelFile {
  path: string;
  digest: string;
}

/** A file whose digest is that of these bytes: what is made of it is made of them, not of what lies there later. */
export interface ReadFile extends ModelFile {
  bytes: Uint8Array;
}

export interface Model extends ModelFile {
  measured: MeasuredModel;
  contract: Contract;
  contractFile: ReadFile;
  profile: ReadFile | null;
  evidence: Evidence | null;
  /** Resolves when the model has answered its contract's probe, rejects when it does not. It takes longer than to read and
   * send the model, so that goes on beside it. Handled by whoever waits for it; to be awaited even after another failure,
   * for its process must be gone. */
  proof: Promise<void>;
}

/** What eval-gate says of the model. */
export interface Evidence extends ModelFile {
  result: "PASSED" | "WARNED" | "FAILED";
  gates: readonly { gate: string; observed: number | null }[];
  card: CardInput;
}

/** A model of 2 GB loads in some ten seconds; one that never ends must not hold the job. */
const loadTimeoutMs = 120_000;

/** @throws an error of the reader's to fix when a file is not what it should be; that of `proof` before any other, when
 * both fail */
export async function readModel(inputs: BuildInputs, context: ActionContext<BuildOutputs>): Promise<Model> {
  const contractPath = inputs.contract ?? contractBeside(inputs.model);
  const { contract, bytes } = await readContract(contractPath);
  const measuring = measureModel(inputs.model, inputs.name);
  const proof = answersItsProbe(inputs.model, contract, measuring, context);
  proof.catch(() => {});
  try {
    const measured = await measuring;
    const model = { path: inputs.model, digest: measured.digest };
    const contractFile = fileOf(contractPath, bytes);
    const profile = inputs.profile === undefined ? null : await readProfile(inputs.profile);
    const evidence =
      inputs.evidence === undefined ? null : await readEvidence(inputs.evidence, model, contractFile);
    return { ...model, measured, contract, contractFile, profile, evidence, proof };
  } catch (error) {
    await proof;
    throw error;
  }
}

const fileOf = (path: string, bytes: Uint8Array): ReadFile => ({ path, bytes, digest: digestOfBytes(bytes) });

/** The server of the image would refuse the same model for the same reasons, but to a pod that restarts for ever. */
async function answersItsProbe(
  path: string,
  contract: Contract,
  measuring: Promise<MeasuredModel>,
  { programs, log }: ActionContext<BuildOutputs>,
): Promise<void> {
  const runtime = await findRuntime({ inference: programs.inference, onProgress: (line) => log.info(line) });
  const pool = await InferencePool.start({
    program: programs.inference,
    runtime,
    modelPath: path,
    contract,
    processes: 1,
    startTimeoutMs: loadTimeoutMs,
  });
  await pool.stop();
  const { digest } = await measuring;
  if (pool.digest !== digest) {
    throw new UserError(
      `model: ${path} was ${pool.digest} when it answered its probe, and is ${digest} now`,
      {
        remedy: "Do not change the model while its image is built.",
      },
    );
  }
  log.info(`${basename(path)} loads and answers the probe of its contract (${digest})`);
}

async function readProfile(path: string): Promise<ReadFile> {
  const { bytes, text } = await readText(path, "profile", "Give the file that drift wrote (`profile-out`).");
  parseProfile(text, path);
  return fileOf(path, bytes);
}

async function readEvidence(path: string, model: ModelFile, contract: ModelFile): Promise<Evidence> {
  const { bytes, text } = await readText(
    path,
    "evidence",
    'Give the file that eval-gate wrote (output "evidence").',
  );
  const statement = readStatement(text, path);
  const known = [model.digest, releaseDigest(model.digest, contract.digest)];
  const about = statement.subject.map(({ digest }) => `sha256:${digest.sha256}`);
  if (!about.some((digest) => known.includes(digest))) {
    throw new UserError(
      `evidence: ${path} speaks of ${about.join(", ")}; the model and its contract together are ${known[1]}.`,
      {
        remedy:
          "Give the evidence of this very model and contract: run eval-gate on them, or take the files that it judged.",
      },
    );
  }
  const { result, [figuresField]: figures } = statement.predicate;
  return { path, digest: digestOfBytes(bytes), result, gates: figures.verdicts, card: cardOf(statement) };
}

async function readText(
  path: string,
  input: string,
  remedy: string,
): Promise<{ bytes: Uint8Array; text: string }> {
  try {
    const bytes = await readFile(path);
    return { bytes, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (cause) {
    throw new UserError(`${input}: ${path} cannot be read: ${(cause as Error).message}`, { remedy, cause });
  }
}
