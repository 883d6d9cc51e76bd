/**
 * The contract of a model: which features a caller sends, how they become the graph's inputs, and which output is the
 * answer. It lies beside the model: `flights-2.onnx` has `flights-2.contract.json`.
 */
import { z } from "zod";
import { contractProblems } from "./contract-rules.ts";

export const contractSchemaId = "ml-actions/contract/v1";

// Control characters would reach logs, metrics and Markdown; members of Object.prototype are present on every object.
const name = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}+$/u, "must not hold control characters")
  .refine(
    (text) => !(text in Object.prototype),
    "is a word that JavaScript objects reserve: choose another name",
  );

export const featureSchema = z.strictObject({
  name,
  type: z.enum(["number", "integer", "string", "boolean"]),
  /** A caller may leave it out or send null: it reaches a float input as NaN, a string input as "". */
  optional: z.boolean().default(false),
  description: z.string().max(1000).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  /** The only values allowed, for a string feature. */
  values: z.array(z.string()).min(1).max(100_000).optional(),
});

/** One input of the graph, shape [rows, features.length]; its columns are the named features in this order. */
export const graphInputSchema = z.strictObject({
  name,
  datatype: z.enum(["float32", "float64", "int64", "int32", "bool", "string"]),
  features: z.array(name).min(1),
});

/** The output that is the answer. `column` picks one column of a [rows, k] output (the positive class's probability
 * for a binary model); a multiclass model answers with all k columns, named by `classes`. */
export const graphOutputSchema = z.strictObject({
  name,
  column: z.int().nonnegative().optional(),
  classes: z.array(name).min(2).optional(),
});

export const contractSchema = z
  .strictObject({
    schema: z.literal(contractSchemaId),
    model: name,
    version: z
      .string()
      .min(1)
      .max(100)
      .regex(/^\P{Cc}+$/u, "must not hold control characters"),
    task: z.enum(["binary", "multiclass", "regression"]),
    features: z.array(featureSchema).min(1),
    inputs: z.array(graphInputSchema).min(1),
    output: graphOutputSchema,
    /** The dataset column that holds the truth, and for a binary model the value that counts as positive. */
    label: z
      .strictObject({ column: name, positive: z.union([z.string(), z.number(), z.boolean()]).optional() })
      .optional(),
    /** The score from which a binary answer is positive. */
    threshold: z.number().optional(),
    /** One instance that the model must answer before it is called healthy. */
    probe: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
  })
  .superRefine((contract, context) => {
    for (const { path, message } of contractProblems(contract)) {
      context.addIssue({ code: "custom", path, message });
    }
  });

export type Feature = z.infer<typeof featureSchema>;
export type GraphInput = z.infer<typeof graphInputSchema>;
export type Contract = z.infer<typeof contractSchema>;

/** How many numbers the model answers a row with: one score or value, or one per class. */
export function answerWidth(contract: Contract): number {
  return contract.output.classes?.length ?? 1;
}
