/** A metric's name with a number in it. One spelling a number: no leading and no trailing zeros. */
export interface Family {
  /** The number, as written, is the first group. */
  pattern: RegExp;
  /** What the metric computes with, or undefined where the number is none for it. */
  parameter(written: string): number | undefined;
  /** The member that suggestions name. */
  example: string;
  /** Members that a report shows though no gate asks for them. */
  usual: readonly string[];
}

/** At most three decimals: p99.999 is one request in 100,000. */
const percentile = String.raw`p([1-9]?\d(?:\.\d{0,2}[1-9])?)`;

function share(written: string): number | undefined {
  const percent = Number(written);
  return percent > 0 ? percent / 100 : undefined;
}

/** By the name in the catalog. */
const families = {
  "latency.pNN": {
    pattern: new RegExp(`^latency\\.${percentile}$`),
    parameter: share,
    example: "latency.p95",
    usual: ["latency.p50", "latency.p95", "latency.p99"],
  },
  "quantile_loss.pNN": {
    pattern: new RegExp(`^quantile_loss\\.${percentile}$`),
    parameter: share,
    example: "quantile_loss.p90",
    // A model predicts one quantile, which nothing but a gate tells us.
    usual: [],
  },
  fN: {
    pattern: /^f(0\.\d?[1-9]|[1-9]\d?(?:\.\d?[1-9])?)$/,
    // f1 is a metric of its own in the catalog.
    parameter: (written: string) => (written === "1" ? undefined : Number(written)),
    example: "f2",
    usual: ["f0.5", "f2"],
  },
  topN_accuracy: {
    pattern: /^top([1-9]\d{0,3})_accuracy$/,
    parameter: Number,
    example: "top3_accuracy",
    usual: ["top3_accuracy"],
  },
  "ndcg@N": {
    pattern: /^ndcg@([1-9]\d{0,5})$/,
    parameter: Number,
    example: "ndcg@10",
    usual: ["ndcg@10"],
  },
} as const satisfies Readonly<Record<string, Family>>;

export function familyOf(catalogName: string): Family | undefined {
  return Object.hasOwn(families, catalogName) ? families[catalogName as keyof typeof families] : undefined;
}

/** The family that a name belongs to, by its catalog name, and the number in it; undefined for any other name. */
export function memberOf(name: string): { family: string; parameter: number } | undefined {
  for (const [family, { pattern, parameter }] of Object.entries<Family>(families)) {
    const written = pattern.exec(name)?.[1];
    const value = written === undefined ? undefined : parameter(written);
    if (value !== undefined) {
      return { family, parameter: value };
    }
  }
  return undefined;
}
