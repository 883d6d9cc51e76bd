/** `state.json`: what is deployed here, by whom, and what was before. Written whole beside itself, flushed and renamed,
 * so that a crash at any moment leaves the old state or the new one. */
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { RolloutError } from "../error.ts";
import { type State, stateSchema } from "./schemas.ts";

export class StateFile {
  readonly #path: string;
  #state: State;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, state: State) {
    this.#path = path;
    this.#state = state;
  }

  /** Reads the state, or begins an empty one. Rejects with `invalid` for a file that is not ours and with `conflict`
   * for another resource's. */
  static async open(directory: string, resource: string): Promise<StateFile> {
    const path = join(directory, "state.json");
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });
    if (text === null) return new StateFile(path, emptyState(resource));
    const state = parse(path, text);
    if (state.resource !== resource) {
      throw new RolloutError(
        "conflict",
        `${directory} holds the releases of resource "${state.resource}", not of "${resource}".`,
        "Give each resource a state directory of its own.",
      );
    }
    return new StateFile(path, state);
  }

  get now(): Readonly<State> {
    return this.#state;
  }

  /** Changes the state at once and resolves when it is on disk. */
  update(change: Partial<State>): Promise<void> {
    this.#state = { ...this.#state, ...change };
    const written = this.#writing.then(() => this.#write());
    this.#writing = written.catch(() => {});
    return written;
  }

  async #write(): Promise<void> {
    const next = `${this.#path}.next`;
    const file = await open(next, "w", 0o600);
    try {
      await file.writeFile(`${JSON.stringify(this.#state, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, this.#path);
  }
}

function emptyState(resource: string): State {
  return {
    schema: "ml-actions/local-state/v1",
    resource,
    stable: null,
    previous: null,
    candidate: null,
    candidatePercent: 0,
    mirrorPercent: 0,
    lease: null,
    history: [],
    shownRollout: null,
  };
}

function parse(path: string, text: string): State {
  const remedy =
    "Restore the file from a backup, or remove the state directory to begin with an empty target.";
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new RolloutError("invalid", `${path} is not JSON.`, remedy, { cause });
  }
  const result = stateSchema.safeParse(json);
  if (result.success) return result.data;
  throw new RolloutError(
    "invalid",
    `${path} is not a state of the target local:\n${z.prettifyError(result.error)}`,
    remedy,
  );
}
