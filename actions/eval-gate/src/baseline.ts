/** What the candidate is compared with: another model, the metrics of an earlier run, or what is deployed. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { UserError } from "@ml-actions/action-kit/action";
import { readMetrics } from "@ml-actions/evidence";
import { findMetric } from "@ml-actions/gates/catalog";
import type { Gate } from "@ml-actions/gates/types";
import { releaseFromModel } from "@ml-actions/rollout/release";
import { stableOf } from "../../local-state.ts";
import { type Model, modelOf } from "./models.ts";

export type Baseline =
  | { kind: "model"; model: Model }
  | { kind: "metrics"; label: string; metrics: Record<string, number> };

/**
 * @param given the input `baseline`
 * @returns null when none is given and no gate asks for one
 * @throws UserError when a gate needs a baseline that is not there, or what is given is none of the three kinds
 */
export async function findBaseline(
  given: string | undefined,
  gates: readonly Gate[],
): Promise<Baseline | null> {
  if (given === undefined) {
    refuseWithout(gates);
    return null;
  }
  if (given === "deployed") return deployed(gates);
  const path = resolve(given);
  if (/\.onnx$/i.test(path)) return { kind: "model", model: await modelOf(await releaseFromModel(path)) };
  if (/\.json$/i.test(path)) {
    const metrics = readMetrics(await read(path), given);
    return { kind: "metrics", label: given, metrics: metrics.candidate };
  }
  throw new UserError(
    `baseline: ${JSON.stringify(given)} is neither an ONNX file, a metrics JSON nor \`deployed\`.`,
    {
      remedy: "Give a path that ends in .onnx or .json, or the word `deployed`.",
    },
  );
}

/** A gate against the baseline cannot be judged without one: better said now than after minutes of inference. */
export function refuseWithout(gates: readonly Gate[]): void {
  const comparing = gates.filter(
    (gate) => gate.bound.kind === "baseline" || findMetric(gate.metric)?.comparesModels === true,
  );
  if (comparing.length === 0) return;
  throw new UserError(
    `There is no baseline, but ${comparing.map((gate) => `\`${gate.text}\``).join(", ")} compares with one.`,
    {
      remedy:
        "Give `baseline` (an ONNX file, a metrics JSON or `deployed`), or, for a first release, gates with plain bounds such as `auc >= 0.65`.",
    },
  );
}

async function deployed(gates: readonly Gate[]): Promise<Baseline | null> {
  const stable = await stableOf();
  if (stable === null) {
    refuseWithout(gates);
    return null;
  }
  return { kind: "model", model: await modelOf(stable) };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new UserError(`baseline: ${path} cannot be read: ${(cause as Error).message}`, {
      remedy: "Give the path of a metrics file that an earlier run wrote (output `metrics`).",
      cause,
    });
  }
}
