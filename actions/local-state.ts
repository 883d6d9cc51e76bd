/**
 * Where the target `local` keeps its state: one directory a resource. `deploy` decides it and hands it on to the later
 * steps of the job in the environment, so that `shadow`, `rollback` and `eval-gate` find what `deploy` started.
 */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Programs, UserError } from "@ml-actions/action-kit/action";
import { asKept } from "@ml-actions/rollout/local/release-files";
import { StateFile } from "@ml-actions/rollout/local/state-file";
import type { Release } from "@ml-actions/rollout/target";
import type { LocalOptions } from "@ml-actions/rollout/targets/local";

export const stateVariable = "ML_ACTIONS_LOCAL_STATE";
/** One a resource: a job may deploy several, each on a port of its own. */
export const portVariable = (resource: string): string =>
  `ML_ACTIONS_LOCAL_PORT_${resource.toUpperCase().replaceAll("-", "_")}`;

/** Renewed every quarter of it; a runner that dies has its candidate taken back within this and a second. */
export const leaseTtlMs = 8_000;

/** The directory that holds a directory a resource. */
export function localState(given?: string): string {
  const temp = process.env.RUNNER_TEMP || tmpdir();
  return resolve(given ?? (process.env[stateVariable] || join(temp, "ml-actions-local")));
}

/** For `deploy`, which may be the first. */
export function localOptions(
  resource: string,
  state: string,
  port: number,
  programs: Programs,
): LocalOptions {
  return { resource, stateDirectory: join(state, resource), port, programs };
}

/** @throws UserError when nothing was ever deployed as this resource: there is nothing to compare with or go back to */
export function deployedOptions(resource: string, programs: Programs): LocalOptions {
  const state = localState();
  const options = localOptions(resource, state, Number(process.env[portVariable(resource)] || 0), programs);
  if (existsSync(join(options.stateDirectory, "state.json"))) return options;
  throw new UserError(
    `Nothing is deployed as \`${resource}\` on the target \`local\`: there is no state in ${options.stateDirectory}.`,
    {
      remedy: `Deploy it first (action \`deploy\`). If its state lies elsewhere, set the environment variable ${stateVariable} to the \`local-state\` it was deployed with.`,
    },
  );
}

/**
 * What serves now, read from the state alone.
 *
 * @returns null when nothing is deployed
 * @throws UserError when several resources are deployed: which one is meant cannot be known
 */
export async function stableOf(): Promise<Release | null> {
  const state = localState();
  const names = (await readdir(state).catch(() => [])).filter((name) =>
    existsSync(join(state, name, "state.json")),
  );
  if (names.length > 1) {
    throw new UserError(
      `baseline: \`deployed\` could be any of ${names.map((name) => `\`${name}\``).join(", ")} in ${state}.`,
      {
        remedy: "Name the one that is meant in `resource`.",
      },
    );
  }
  const [name] = names;
  if (name === undefined) return null;
  return stableRelease(join(state, name), name);
}

/** As `stableOf`, of the one that is named. */
export function stableAt(resource: string): Promise<Release | null> {
  const directory = join(localState(), resource);
  return existsSync(join(directory, "state.json"))
    ? stableRelease(directory, resource)
    : Promise.resolve(null);
}

/** As `stableOf`, of one resource. */
export async function stableRelease(stateDirectory: string, resource: string): Promise<Release | null> {
  const { stable } = (await StateFile.open(stateDirectory, resource)).now;
  return stable === null ? null : asKept(stateDirectory, stable);
}
