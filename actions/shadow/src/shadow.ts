/** shadow, top to bottom: let both sides answer the same requests, judge the answers, tell. */
import { type ActionContext, type Story, UserError } from "@ml-actions/action-kit/action";
import { assertGatesApply } from "@ml-actions/gates/catalog";
import { overall } from "@ml-actions/gates/overall";
import type { Release } from "@ml-actions/rollout/target";
import { compatible } from "@ml-actions/serving/compatible";
import type { Contract } from "@ml-actions/serving/contract";
import { loadContract } from "@ml-actions/serving/load-contract";
import { conclude } from "../../conclude.ts";
import { forgetUnpacked } from "../../image-release.ts";
import { candidateRelease, contractOf } from "./candidate.ts";
import type { definition, ShadowInputs, ShadowOutputs } from "./definition.ts";
import { type Judged, judgeShadow, kindOf, type Seen, samplesOf, widthOf } from "./judging.ts";
import { lateLabels, readLabels } from "./labels-file.ts";
import { Looks } from "./looks.ts";
import { mirror } from "./mirror.ts";
import { replay } from "./replay.ts";
import { conclusionOf, confidence, type Findings, rule } from "./report.ts";
import type { ShadowRun } from "./shadow-run.ts";

type Definition = typeof definition;

export const shadow: Story<Definition["inputs"], Definition["outputs"]> = async (inputs, context) => {
  try {
    await compare(inputs, context);
  } finally {
    await forgetUnpacked(context.directory);
  }
};

async function compare(inputs: ShadowInputs, context: Context): Promise<void> {
  const startedAt = Date.now();
  const candidate = await candidateRelease(inputs, context);
  const contract = await loadContract(candidate.model.contract);
  const judge = judgeOf(inputs, context, contract);
  const findings =
    inputs.mode === "mirror"
      ? await mirrored(inputs, context, { candidate, contract }, judge)
      : await replayed(inputs, context, { candidate, contract }, judge);
  context.output("passed", String(overall(findings.verdicts) === "pass"));
  await conclude(context, await conclusionOf(inputs, context, { ...findings, candidate, startedAt }));
}

interface Subject {
  candidate: Release;
  contract: Contract;
}

interface Judge {
  see(run: ShadowRun): Promise<Seen>;
  /** null: not now. */
  decide(seen: Seen, last: boolean): Judged | null;
  looks: Looks;
}

/** Refuses first what could only come to nothing in the end. */
function judgeOf(inputs: ShadowInputs, { log, directory }: Context, contract: Contract): Judge {
  const { gates, labels } = inputs;
  assertGatesApply(
    gates.filter((gate) => kindOf(gate) !== "counts"),
    { place: "offline", task: contract.task },
  );
  const unlabelled = labels === undefined ? gates.filter((gate) => kindOf(gate) === "labels") : [];
  if (unlabelled.length > 0)
    log.warning(
      `Without \`labels\` there can be no verdict on ${unlabelled.map(({ text }) => text).join(", ")}.`,
    );
  const [minSamples, minCoverage] = [inputs["min-samples"], inputs["min-coverage"]];
  const looks = new Looks(confidence, minSamples);
  const kinds = [...new Set(gates.filter((gate) => !unlabelled.includes(gate)).map(kindOf))];
  const at = (level: number, seen: Seen) =>
    judgeShadow(gates, seen, contract, {
      rule,
      confidence: level,
      overallConfidence: confidence,
      minSamples,
      minCoverage,
    });
  return {
    looks,
    see: async (run) => {
      const compared = run.join.compared();
      const truth = labels === undefined ? null : await readLabels(labels, directory, compared);
      return { compared, tally: run.tally, counts: run.counts, truth };
    },
    decide: (seen, last) => {
      if (last) return at(looks.last(), seen);
      const samples = Math.min(...kinds.map((kind) => samplesOf(kind, seen)));
      if (unlabelled.length > 0 || !looks.isDue(samples)) return null;
      const judged = at(looks.early(samples), seen);
      return overall(judged.verdicts) === "inconclusive" ? null : judged;
    },
  };
}

type Context = ActionContext<ShadowOutputs>;

async function mirrored(
  inputs: ShadowInputs,
  context: Context,
  { candidate, contract }: Subject,
  judge: Judge,
): Promise<Findings> {
  const notes: string[] = [];
  const widthFor = async (stable: Release) => {
    const before = await contractOf(stable, inputs, context);
    if (before === null)
      notes.push(
        `The image of ${stable.label} was not made by \`build\` and has no contract: its answers are taken to mean what the candidate's mean`,
      );
    else notes.push(...comparable(before, contract, ["task-changed", "classes-changed"]));
    return widthOf(contract);
  };
  const decide = async (run: ShadowRun, last: boolean) => {
    const seen = await judge.see(run);
    const judged = judge.decide(seen, last);
    return judged === null ? null : { seen, judged };
  };
  const { run, decision, cluster } = await mirror(inputs, context, candidate, { widthFor, decide });
  const { seen, judged } = decision;
  // The copies have ended and the verdict stands: what is known only now came too late for it.
  const late =
    inputs.labels === undefined || seen.truth === null
      ? 0
      : await lateLabels(inputs.labels, context.directory, seen.compared, seen.truth);
  return { run, seen, judged, verdicts: judged.verdicts, late, looks: judge.looks.taken, notes, cluster };
}

async function replayed(
  inputs: ShadowInputs,
  context: Context,
  { candidate, contract }: Subject,
  judge: Judge,
): Promise<Findings> {
  const notes: string[] = [];
  const run = await replay(inputs, context, candidate, async (stable) => {
    // Classes that changed are for the contract test to tell.
    notes.push(...comparable(await loadContract(stable.model.contract), contract, ["task-changed"]));
    return { width: widthOf(contract), classes: contract.output.classes ?? null };
  });
  const seen = await judge.see(run);
  const judged = judge.decide(seen, true) as Judged;
  const verdicts = [...judged.verdicts, ...(run.contract === null ? [] : [run.contract.verdict])];
  return { run, seen, judged, verdicts, late: 0, looks: judge.looks.taken, notes, cluster: null };
}

/** What else has changed for callers. @throws UserError when the answers mean different things, so that no gate can
 * compare them */
function comparable(stable: Contract, candidate: Contract, codes: readonly string[]): string[] {
  const { problems, notes } = compatible(stable, candidate);
  const breaks = problems.filter(({ code }) => codes.includes(code));
  const [first] = breaks;
  if (first === undefined) return notes;
  throw new UserError(
    `candidate: its answers cannot be compared with stable's: ${breaks.map(({ message }) => message).join("; ")}.`,
    { remedy: first.remedy },
  );
}
