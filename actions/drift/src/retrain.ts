/** Asks for a retraining, and hands over why. */
import { UserError } from "@ml-actions/action-kit/action";
import { type Credentials, sendRepositoryEvent, startWorkflow } from "@ml-actions/github";
import { plain } from "./alerts/alert.ts";
import type { Drifted } from "./drifted.ts";
import type { RepositoryName, RetrainAddress } from "./retrain-address.ts";

/** What a retraining gets to know. Its own schema: a workflow reads it with `fromJSON`. */
export interface RetrainRequest {
  schema: "ml-actions/retrain-request/v1";
  subject: string;
  reference: { name: string; digest: string; rows: number };
  current: { name: string; digest: string; rows: number };
  failed_gates: readonly { gate: string; reason: string }[];
  /** Worst first; the last are left out where they would not fit. */
  drifted: readonly Drifted[];
  drifted_features: number;
  /** SHA-256 of the evidence file. */
  evidence: string;
  run: string | null;
}

/** GitHub takes 65,535 characters of inputs, and less than 64 KB of a payload. As an input the request is JSON within
 * JSON, so that it is counted with its quotes escaped, and in bytes. */
const mostBytes = 60_000;
const bytesOf = (part: object) => Buffer.byteLength(JSON.stringify(JSON.stringify(part)));
const mostGates = 20;

/** @returns one sentence on what was done
 * @throws GitHubError, UserError */
export async function retrain(
  address: RetrainAddress,
  request: RetrainRequest,
  credentials: Credentials,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const repository = address.repository ?? ownRepository(environment);
  const evidence = fitting(request);
  const elsewhere = address.repository === null ? "" : ` of ${repository.owner}/${repository.repo}`;
  if (address.kind === "event") {
    const { eventType } = address;
    await sendRepositoryEvent({ ...repository, eventType, payload: { evidence } }, credentials);
    return `${repository.owner}/${repository.repo} was told of the event ${eventType}`;
  }
  const { workflow } = address;
  const ref = address.ref ?? ownRef(environment, workflow);
  const inputs = { evidence: JSON.stringify(evidence) };
  const { url } = await startWorkflow({ ...repository, workflow, ref, inputs }, credentials);
  return `the workflow ${workflow}${elsewhere} was started${url === null ? "" : `: ${url}`}`;
}

/** Leaves out the least drifted features until the request fits. */
export function fitting(request: RetrainRequest): RetrainRequest {
  const failed = request.failed_gates.slice(0, mostGates).map(shortened);
  const bare = { ...request, failed_gates: failed, drifted: [] };
  let room = mostBytes - bytesOf(bare);
  const drifted = request.drifted.filter((one) => {
    room -= bytesOf(one);
    return room >= 0;
  });
  return { ...bare, drifted };
}

function shortened({ gate, reason }: { gate: string; reason: string }) {
  return { gate: plain(gate, 300), reason: plain(reason, 600) };
}

/** Whose run this is. @throws UserError outside GitHub */
export function ownRepository({
  GITHUB_REPOSITORY = "",
}: Readonly<Record<string, string | undefined>>): RepositoryName {
  const [owner, repo, ...more] = GITHUB_REPOSITORY.split("/");
  if (owner && repo && more.length === 0) return { owner, repo };
  throw new UserError("`retrain-workflow` names no repository, and this is no run of GitHub's.", {
    remedy: "Name it: `org/models/retrain.yml@main` or `org/models:drift`.",
  });
}

/** The branch or tag of this run; a pull request runs on a ref that no workflow can be started on.
 * @throws UserError */
export function ownRef(
  { GITHUB_REF = "", GITHUB_REF_NAME = "" }: Readonly<Record<string, string | undefined>>,
  workflow: string,
): string {
  if (/^refs\/(heads|tags)\//.test(GITHUB_REF) && GITHUB_REF_NAME !== "") return GITHUB_REF_NAME;
  throw new UserError(
    `This run is on ${GITHUB_REF || "no branch"}, where \`${workflow}\` cannot be started.`,
    {
      remedy: `Say which branch it is to run on: \`${workflow}@main\`.`,
    },
  );
}
