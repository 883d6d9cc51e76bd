/** What the signed evidence of an image says of its model, held against what is measured here. */
import { findMetric, latencyQuantile } from "@ml-actions/gates/catalog";

export interface SignedFigures {
  /** What the statement calls its subject: `flights-1`. */
  label: string;
  /** By digest. */
  image: string;
  digest: string;
  signer: string;
  /** As the metrics file has them, slices included. */
  metrics: Readonly<Record<string, number>>;
  /** What they were measured on; null: the evidence does not say. */
  dataset: { name: string; digest: string } | null;
  /** Digests of the gate configurations, which cover threshold, label, weight and group. */
  configurations: readonly string[];
}

/** Another processor may round the last bits of 32-bit scores otherwise; a row more on the other side of the threshold
 * in ten thousand is no other model. */
const tolerance = 1e-4;
const shownMetrics = 5;

/**
 * What the evidence of a model says otherwise than the same model's answers to the same rows. Pure.
 *
 * @param measured the model's metrics as they came out here
 * @returns one sentence; null when they agree, or when another dataset was used, so that they need not
 */
export function contradiction(
  signed: SignedFigures,
  measured: Readonly<Record<string, number>>,
  here: { dataset: string; configuration: string },
): string | null {
  if (signed.dataset?.digest !== here.dataset) return null;
  const differing = Object.entries(figuresOfModel(signed)).flatMap(([name, value]) => {
    const now = measured[name];
    return now === undefined || agree(value, now)
      ? []
      : [`${name} ${figure(value)}, measured ${figure(now)}`];
  });
  if (differing.length === 0) return null;
  const shown = differing.slice(0, shownMetrics).join("; ");
  const more = differing.length > shownMetrics ? ` and ${differing.length - shownMetrics} more` : "";
  const why = signed.configurations.includes(here.configuration)
    ? "the gates and settings are the same: one of the two did not measure this model"
    : "its gates or settings (threshold, label, weight, group) were others";
  return `The evidence of ${signed.image} (${signed.signer}) says other figures of the baseline on this very dataset: ${shown}${more}; ${why}. The measured ones are the baseline.`;
}

/** The figures that can stand for the model itself here: times are those of the machine that measured them, and what
 * compares two models depends on the other one. */
export function figuresOfModel({ metrics }: SignedFigures): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => isOfModelAlone(name)));
}

function isOfModelAlone(name: string): boolean {
  const metric = name.replace(/\{.*$/su, "");
  return latencyQuantile(metric) === undefined && findMetric(metric)?.comparesModels !== true;
}

function agree(a: number, b: number): boolean {
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}

const figure = (value: number): string => String(Number(value.toPrecision(5)));
