/**
 * Runs an action: safe outputs, secrets masked, inputs, the story; and turns however it ends into an exit code and
 * words for the reader. Nothing is imported for the story before its inputs are known to be right.
 */
import * as core from "@actions/core";
import type { z } from "zod";
import type { ActionContext, ActionDefinition, Programs } from "./action.ts";
import { createContext } from "./context.ts";
import { failureOf } from "./failures.ts";
import { fieldFacts, isSecret } from "./field-facts.ts";
import { type Given, parseInputs, secretsOf } from "./inputs.ts";
import { type AnnotatingLog, openLog } from "./log.ts";
import { shown } from "./wording.ts";

const REPORT_BUGS_AT = "https://github.com/org/ml-actions/issues";
/** Set by `main` once the story has begun: without it there is nothing for `post` to clean up. */
const BEGUN = "ml_actions_begun";
/** What a story left open (a keep-alive socket, a child's pipe) may not keep the job waiting for longer. */
const LINGER_MS = 2_000;
/** Characters: an image by digest and a list of gates are whole in the log, a file's text is not. */
const LONGEST_INPUT = 400;

/**
 * The `main` of an action. Resolves when the process may end, with `process.exitCode` set: 0 done, 1 the answer is
 * no, the reader has something to fix or there is a bug (the log says which), 130 and 143 cancelled by SIGINT, SIGTERM.
 */
export async function runAction<Inputs extends z.ZodObject, Outputs extends Record<string, string>>(
  definition: ActionDefinition<Inputs, Outputs>,
  programs: Programs,
): Promise<void> {
  const log = openLog();
  const cancelled = listenForCancel();
  failOnStrays(log);
  try {
    for (const secret of secretsOf(definition, process.env)) core.setSecret(secret);
    for (const [name, value] of Object.entries(definition.safeOutputs)) core.setOutput(name, value);
    const parsed = await parseInputs(definition, process.env, process.cwd());
    if (!parsed.ok) {
      for (const { message, place } of parsed.problems) {
        log.error(message, { ...place, title: `${definition.name}: inputs` });
      }
      process.exitCode = 1;
      return;
    }
    logInputs(definition, parsed.given, log);
    cancelled.signal.throwIfAborted();
    core.saveState(BEGUN, "true");
    const context = createContext(
      {
        action: definition.name,
        outputs: Object.keys(definition.outputs),
        log,
        programs,
        signal: cancelled.signal,
      },
      "main",
    );
    const { run } = await definition.story();
    await run(parsed.inputs, context as ActionContext<Outputs>);
  } catch (error) {
    process.exitCode = report(error, log, cancelled, definition.name);
  } finally {
    log.close();
    leaveSoon();
  }
}

/** The `post` of an action: also after a failure or a cancel. Whatever happens here, the job does not fail of it. */
export async function runPost<Inputs extends z.ZodObject, Outputs extends Record<string, string>>(
  definition: ActionDefinition<Inputs, Outputs>,
  programs: Programs,
): Promise<void> {
  if (core.getState(BEGUN) === "") return;
  const log = openLog();
  const { signal } = listenForCancel();
  const warn = (error: unknown) => {
    const failure = failureOf(error);
    const message = failure.kind === "cancelled" ? "cancelled" : failure.message;
    log.warning(`Cleaning up after ${definition.name} did not succeed: ${message}`);
    if (failure.kind === "bug") core.debug(failure.stack);
  };
  process.on("uncaughtException", warn);
  try {
    const { cleanUp } = await definition.story();
    const parts = {
      action: definition.name,
      outputs: Object.keys(definition.outputs),
      log,
      programs,
      signal,
    };
    await cleanUp?.(createContext(parts, "post"));
  } catch (error) {
    warn(error);
  } finally {
    log.close();
    leaveSoon();
  }
}

/** The runner cancels with SIGINT, after 7.5 s SIGTERM, after 2.5 s more SIGKILL. */
function listenForCancel(): { signal: AbortSignal; by: () => "SIGINT" | "SIGTERM" } {
  const controller = new AbortController();
  let first: "SIGINT" | "SIGTERM" | undefined;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      first ??= name;
      controller.abort(new DOMException(`The run was cancelled (${name})`, "AbortError"));
    });
  }
  return { signal: controller.signal, by: () => first ?? "SIGTERM" };
}

/** An error that no promise of the story carries, e.g. of a socket nobody listens to, is a bug and must not pass. */
function failOnStrays(log: AnnotatingLog): void {
  process.on("uncaughtException", (error) => {
    reportBug(failureOf(error), log);
    log.close();
    process.exit(1);
  });
}

/** Says what happened and returns the exit code. */
function report(
  error: unknown,
  log: AnnotatingLog,
  cancelled: ReturnType<typeof listenForCancel>,
  action: string,
): number {
  const failure = failureOf(error, cancelled.signal);
  if (failure.kind === "cancelled") {
    log.notice(`Cancelled (${cancelled.by()}) before the end`);
    return cancelled.by() === "SIGINT" ? 130 : 143;
  }
  if (failure.kind === "negative") {
    log.info(failure.message);
  } else if (failure.kind === "reader") {
    log.error([failure.message, ...failure.remedies].join("\n"), { title: action });
    for (const cause of failure.causes) log.info(`  because: ${cause}`);
  } else {
    reportBug(failure, log);
  }
  return 1;
}

function reportBug(failure: ReturnType<typeof failureOf>, log: AnnotatingLog): void {
  if (failure.kind !== "bug") {
    log.error(failure.kind === "cancelled" ? "Cancelled" : failure.message);
    return;
  }
  const because = failure.causes.map((cause) => `\n  because: ${cause}`).join("");
  log.error(
    `${failure.message}${because}\nThis is a bug in ml-actions: please report it at ${REPORT_BUGS_AT}`,
  );
  core.startGroup("Stack, for the report");
  log.info(failure.stack);
  core.endGroup();
}

function logInputs(
  definition: ActionDefinition,
  given: ReadonlyMap<string, Given>,
  log: AnnotatingLog,
): void {
  core.startGroup(`Inputs of ${definition.name}`);
  for (const [name, field] of Object.entries(definition.inputs.shape)) {
    const { defaultText } = fieldFacts(field);
    const { value, from } = given.get(name) ?? { value: defaultText, from: "default" };
    if (value !== undefined)
      log.info(`${name}: ${isSecret(field, value) ? "(secret)" : shown(value, LONGEST_INPUT)} (${from})`);
  }
  core.endGroup();
}

/** Node ends by itself when nothing is left to do; this is for when something is, and does not count as something. */
function leaveSoon(): void {
  setTimeout(() => {
    core.debug(`Ending although still open: ${process.getActiveResourcesInfo().join(", ")}`);
    process.exit();
  }, LINGER_MS).unref();
}
