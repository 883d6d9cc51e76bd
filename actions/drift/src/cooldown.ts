/**
 * What was done about drift, and when: a file that the workflow keeps from run to run, so that a drift that lasts for a
 * week is not a retraining every night.
 *
 * A response is claimed before it is carried out and confirmed after, both under a lock, so that two runs at once do it
 * once. A claim that was never confirmed (the run was killed) holds for ten minutes only. Where the file tells nothing,
 * because it is missing, damaged or from the future, the response is carried out: an alert too many is better than
 * silence, and the file that is written then ends it.
 */
import { randomUUID } from "node:crypto";
import { access, constants, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "@ml-actions/action-kit/action";
import { z } from "zod";
import { type Act, acts } from "./responses.ts";
import { withLock } from "./state-lock.ts";

export const stateSchemaId = "ml-actions/drift-state/v1";

const entry = z.object({
  act: z.enum(acts),
  /** What it was about: a resource, or a reference. */
  subject: z.string().max(1000),
  /** When it was claimed. */
  at: z.iso.datetime(),
  done: z.boolean(),
  /** Who did it: a run's URL, or host and pid. */
  by: z.string().max(2000),
});
const stateSchema = z.object({ schema: z.literal(stateSchemaId), acts: z.array(entry).max(10_000) });
type Entry = z.output<typeof entry>;

/** For longer than a response can take. */
const unconfirmedMs = 10 * 60_000;
/** How far the clocks of two runners may be apart. */
const clockSkewMs = 5 * 60_000;
/** Far above any state; what is larger is not ours. */
const largestBytes = 4 << 20;

export interface CooldownOptions {
  path: string;
  subject: string;
  cooldownMs: number;
  by: string;
  warn(message: string): void;
  /** ms since 1970. */
  now?: () => number;
}

/** `until`: when it may be done again, ms since 1970. */
export type Claim = { granted: true } | { granted: false; until: number; by: string };

export class Cooldown {
  readonly #options: Required<CooldownOptions>;

  constructor(options: CooldownOptions) {
    this.#options = { now: Date.now, ...options };
  }

  /** Called before anything else, so that a folder that cannot be written is known before the day of need.
   * @throws UserError */
  async prepare(): Promise<void> {
    const { path } = this.#options;
    try {
      await mkdir(dirname(path), { recursive: true });
      await access(dirname(path), constants.W_OK);
    } catch (cause) {
      throw new UserError(`\`state\`: ${dirname(path)} cannot be written: ${(cause as Error).message}`, {
        remedy:
          "Give the path of a file in a folder that this job may write, such as `.ml-actions/drift-state.json`.",
        cause,
      });
    }
  }

  /** Takes the right to do it now. */
  async claim(act: Act): Promise<Claim> {
    const { subject, by, cooldownMs, now } = this.#options;
    return this.#change<Claim>((entries) => {
      const last = entries.find((one) => one.act === act && one.subject === subject);
      if (last !== undefined && cooldownMs > 0) {
        const until = Date.parse(last.at) + (last.done ? cooldownMs : Math.min(unconfirmedMs, cooldownMs));
        const future = Date.parse(last.at) > now() + clockSkewMs;
        if (future)
          this.#options.warn(
            `${this.#place}: the last ${act} is dated in the future (${last.at}): it is not counted`,
          );
        else if (until > now()) return { entries, result: { granted: false, until, by: last.by } };
      }
      const claimed = { act, subject, at: new Date(now()).toISOString(), done: false, by };
      return { entries: [claimed, ...entries.filter((one) => one !== last)], result: { granted: true } };
    });
  }

  /** It was done: the cooldown holds. */
  async confirm(act: Act): Promise<void> {
    await this.#change((entries) => ({
      entries: entries.map((one) => (this.#isOurs(one, act) ? { ...one, done: true } : one)),
      result: undefined,
    }));
  }

  /** It could not be done: the next run may try. */
  async giveUp(act: Act): Promise<void> {
    await this.#change((entries) => ({
      entries: entries.filter((one) => !this.#isOurs(one, act) || one.done),
      result: undefined,
    }));
  }

  #isOurs({ act, subject, by }: Entry, wanted: Act): boolean {
    return act === wanted && subject === this.#options.subject && by === this.#options.by;
  }

  get #place(): string {
    return `The state ${JSON.stringify(this.#options.path.slice(-200))}`;
  }

  async #change<Result>(
    decide: (entries: readonly Entry[]) => { entries: readonly Entry[]; result: Result },
  ): Promise<Result> {
    const { path } = this.#options;
    return withLock(`${path}.lock`, async () => {
      const before = await this.#read();
      const { entries, result } = decide(before);
      if (entries !== before) await replace(path, { schema: stateSchemaId, acts: entries });
      return result;
    });
  }

  async #read(): Promise<readonly Entry[]> {
    const { path, warn } = this.#options;
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      warn(
        `${this.#place} cannot be read (${(error as NodeJS.ErrnoException).code}): nothing is known of earlier runs`,
      );
      return [];
    }
    const parsed = text.length > largestBytes ? undefined : stateSchema.safeParse(jsonOf(text)).data;
    if (parsed === undefined) {
      warn(
        `${this.#place} is damaged or none of ours: nothing is known of earlier runs, and it is written anew`,
      );
      return [];
    }
    return parsed.acts;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A reader sees the old text or the new, whenever this process dies. */
async function replace(path: string, state: object): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`);
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}
