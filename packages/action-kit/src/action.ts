/**
 * What an action is. Its definition holds the one schema that action.yml, the tables of action-readme.md and the JSON
 * Schema are generated from. It is light on purpose: the story it names is imported only after the inputs are parsed.
 */
import type { z } from "zod";

export interface ActionDefinition<
  Inputs extends z.ZodObject = z.ZodObject,
  Outputs extends Record<string, string> = Record<string, string>,
> {
  /** Kebab-case; the folder under `actions/` and in the release tree. */
  name: string;
  title: string;
  /** One sentence for the marketplace. */
  description: string;
  /** Keys are input names in kebab-case; every field is described (`.describe()`), defaults are zod defaults. */
  inputs: Inputs;
  /** Output name → description. */
  outputs: Outputs;
  /** GITHUB_TOKEN permissions it needs, each with its reason. Empty: none. */
  permissions: Record<string, string>;
  /** Set before anything can fail, so that a later step that reads them never finds them empty. */
  safeOutputs: Partial<Record<keyof Outputs & string, string>>;
  /** Reads `delivery.yaml` (input `config`): inputs win over the file, the file over defaults. */
  readsConfig?: boolean;
  /** A worked example for action-readme.md: a workflow step. */
  example: string;
  branding: { icon: string; color: string };
  /** `import()`s the story. */
  story: () => Promise<{ run: Story<Inputs, Outputs>; cleanUp?: CleanUp }>;
}

/** The action itself, top to bottom. */
export type Story<Inputs extends z.ZodObject, Outputs extends Record<string, string>> = (
  inputs: z.output<Inputs>,
  context: ActionContext<Outputs>,
) => Promise<void>;

/** Runs in `post`, also when the job was cancelled. What it throws becomes a warning, never a failed job. */
export type CleanUp = (context: ActionContext<Record<string, string>>) => Promise<void>;

/** Everything an action may touch of the runner. */
export interface ActionContext<Outputs extends Record<string, string>> {
  log: Log;
  /** Sets an output now. */
  output(name: keyof Outputs & string, value: string): void;
  /** Sets an environment variable for the later steps of the job. */
  environment(name: string, value: string): void;
  /** Appends Markdown to the job summary, capped so that GitHub never drops it. */
  summary(markdown: string): Promise<void>;
  /** Files of this run that people may fetch: `<RUNNER_TEMP>/ml-actions/<action>-<n>/`. */
  directory: string;
  /** Saved for `post`. */
  remember(key: string, value: string): void;
  recall(key: string): string | undefined;
  /** Aborted on SIGINT or SIGTERM, as the runner sends them on cancel. */
  signal: AbortSignal;
  /** The programs that outlive or serve the action: file paths to run with `process.execPath`. */
  programs: Programs;
  /** Who runs this: the run's URL on GitHub, host and pid elsewhere. */
  holder: string;
}

/** Node programs started as processes of their own: in the release tree these are stubs, in the checkout the sources. */
export interface Programs {
  supervisor: string;
  server: string;
  inference: string;
  /** No program but a folder of the release tree: what of ours goes into images, beside the folder `runtime` that
   * onnxruntime is installed from. */
  image: string;
  /** What guards a rollout from inside the cluster: one file, run by no one here but sent there. */
  guard: string;
  /** What copies requests inside a cluster where nothing on the way can: one file, sent there like the guard. */
  mirror: string;
}

export interface Log {
  info(line: string): void;
  warning(message: string, place?: Place): void;
  error(message: string, place?: Place): void;
  notice(message: string, place?: Place): void;
  debug(line: string): void;
  group<T>(title: string, body: () => Promise<T>): Promise<T>;
}

/** Where an annotation points. */
export interface Place {
  file?: string;
  line?: number;
  column?: number;
  title?: string;
}

/** The reader's own mistake, or a fact of the world they can act on: shown without a stack trace. */
export class UserError extends Error {
  /** What to do about it, shown on a line of its own. */
  readonly remedy: string | undefined;
  constructor(message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "UserError";
    this.remedy = options.remedy;
  }
}

/** The action did its work and the answer is no: the gate failed, the release was taken back. Exit code 1, no
 * "error" beyond the annotations that the story has written already. */
export class NegativeVerdict extends Error {
  override name = "NegativeVerdict";
}
