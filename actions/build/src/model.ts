/** What goes into the image: the model, its contract, the reference profile, and what its evidence says of it. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type ActionContext, UserError } from "@ml-actions/action-kit/action";
import { type CardInput, cardOf, figuresField, readStatement } from "@ml-actions/evidence";
import { parseProfile } from "@ml-actions/gates/drift";
import { releaseDigest } from "@ml-actions/oci/image";
import { fileDigest } from "@ml-actions/rollout/release";
import type { Contract } from "@ml-actions/serving/contract";
import { contractBeside, loadContract } from "@ml-actions/serving/load-contract";
import { InferencePool } from "@ml-actions/serving/pool";
import { findRuntime } from "@ml-actions/serving/runtime";
import type { BuildInputs, BuildOutputs } from "./definition.ts";

export interface ModelFile {
  path: string;
  digest: string;
}

export interface Model extends ModelFile {
  contract: Contract;
  contractFile: ModelFile;
  profile: ModelFile | null;
  evidence: Evidence | null;
}

/** What eval-gate says of the model. */
export interface Evidence extends ModelFile {
  result: string;
  gates: readonly { gate: string; observed: number | null }[];
  card: CardInput;
}

/** A model of 2 GB loads in some ten seconds; one that never ends must not hold the job. */
const loadTimeoutMs = 120_000;

/** @throws an error of the reader's to fix when a file is not what it should be, or the model does not answer its
 * contract's probe */
export async function readModel(inputs: BuildInputs, context: ActionContext<BuildOutputs>): Promise<Model> {
  const contractPath = inputs.contract ?? contractBeside(inputs.model);
  const contract = await loadContract(contractPath);
  const contractFile = await identified(contractPath);
  const model = await identified(inputs.model);
  const profile = inputs.profile === undefined ? null : await readProfile(inputs.profile);
  const evidence =
    inputs.evidence === undefined ? null : await readEvidence(inputs.evidence, model, contractFile);
  await answersItsProbe(model, contract, context);
  return { ...model, contract, contractFile, profile, evidence };
}

const identified = async (path: string): Promise<ModelFile> => ({ path, digest: await fileDigest(path) });

/** The server of the image would refuse the same model for the same reasons, but to a pod that restarts for ever. */
async function answersItsProbe(
  { path, digest }: ModelFile,
  contract: Contract,
  { programs, log }: ActionContext<BuildOutputs>,
): Promise<void> {
  const runtime = await findRuntime({ inference: programs.inference, onProgress: (line) => log.info(line) });
  const pool = await InferencePool.start({
    program: programs.inference,
    runtime,
    modelPath: path,
    contract,
    digest,
    processes: 1,
    startTimeoutMs: loadTimeoutMs,
  });
  await pool.stop();
  log.info(`${basename(path)} loads and answers the probe of its contract (${digest})`);
}

async function readProfile(path: string): Promise<ModelFile> {
  parseProfile(await readText(path, "profile", "Give the file that drift wrote (`profile-out`)."), path);
  return identified(path);
}

async function readEvidence(path: string, model: ModelFile, contract: ModelFile): Promise<Evidence> {
  const text = await readText(path, "evidence", 'Give the file that eval-gate wrote (output "evidence").');
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
  return { ...(await identified(path)), result, gates: figures.verdicts, card: cardOf(statement) };
}

async function readText(path: string, input: string, remedy: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    throw new UserError(`${input}: ${path} cannot be read: ${(cause as Error).message}`, { remedy, cause });
  }
}
