/** `npm run bench -- gates`: verdicts at size, against what people use today, in the same run on the same machine. */
import { parseArgs } from "node:util";

export interface BenchRow {
  /** `drift, 200,000 × 50, PSI + KL + KS`. */
  work: string;
  ours: string;
  /** Empty where there is no peer to run. */
  peer: string;
  /** `61 × faster, .12 of its memory`. */
  ratio: string;
  goal: string;
  met: boolean;
}

export interface BenchOptions {
  /** false: ours alone, no Python needed. */
  peers: boolean;
  /** A tenth of the rows, to try the bench itself. */
  quick: boolean;
}

/** Each part exports `rows`. */
const parts: Record<string, () => Promise<{ rows: (options: BenchOptions) => Promise<BenchRow[]> }>> = {
  metrics: () => import("./gates/metrics.ts"),
  "eval-gate": () => import("./gates/eval-gate.ts"),
  drift: () => import("./gates/drift.ts"),
};

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { "no-peers": { type: "boolean" }, quick: { type: "boolean" } },
  });
  const names = positionals.length > 0 ? positionals : Object.keys(parts);
  for (const name of names) {
    const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
    if (part === undefined) throw new Error(`${name}: expected ${Object.keys(parts).join(", ")}`);
    const options = { peers: values["no-peers"] !== true, quick: values.quick === true };
    for (const row of await (await part()).rows(options)) print(row);
  }
}

function print({ work, ours, peer, ratio, goal, met }: BenchRow): void {
  console.log(`\n${work}`);
  console.log(`  ours    ${ours}`);
  if (peer !== "") console.log(`  peer    ${peer}`);
  if (ratio !== "") console.log(`  ratio   ${ratio}`);
  console.log(`  goal    ${goal}: ${met ? "met" : "missed"}`);
}
