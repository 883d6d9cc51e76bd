/** The part of CycloneDX 1.6 that is written and read here: https://cyclonedx.org/docs/1.6/json/ */
import { z } from "zod";

export interface Bom {
  $schema: string;
  bomFormat: "CycloneDX";
  specVersion: "1.6";
  serialNumber: string;
  version: 1;
  metadata: { tools: { components: Component[] }; component: Component };
  components: Component[];
  dependencies: Dependency[];
  compositions: Composition[];
}

export interface Component {
  type: "application" | "container" | "data" | "file" | "library" | "machine-learning-model" | "platform";
  "bom-ref"?: string;
  group?: string;
  name: string;
  version?: string;
  description?: string;
  purl?: string;
  hashes?: Hash[];
  licenses?: unknown[];
  externalReferences?: { type: "vcs"; url: string }[];
  modelCard?: ModelCard;
  data?: { type: "dataset"; name: string }[];
  properties?: Property[];
}

export interface Hash {
  alg: "SHA-256" | "SHA-512";
  /** Hex. */
  content: string;
}

export interface Property {
  name: string;
  value: string;
}

export interface Dependency {
  ref: string;
  dependsOn?: string[];
}

/** How much is known of what something is made of. */
export interface Composition {
  aggregate: "complete" | "incomplete" | "unknown";
  assemblies: string[];
}

export interface ModelCard {
  modelParameters: { task: string; datasets?: { ref: string }[] };
  quantitativeAnalysis?: { performanceMetrics: PerformanceMetric[] };
}

export interface PerformanceMetric {
  type: string;
  value: string;
  slice?: string;
  confidenceInterval?: { lowerBound?: string; upperBound?: string };
}

const word = z.string().min(1).max(1000);

/** The bill of a bundle, as far as another bill takes it over: its packages and what needs what. */
export const bundleBom = z.object({
  bomFormat: z.literal("CycloneDX"),
  specVersion: z.enum(["1.5", "1.6"]),
  components: z.array(
    z.object({
      type: z.enum(["library", "application", "framework"]),
      "bom-ref": word.optional(),
      group: word.optional(),
      name: word,
      version: word.optional(),
      purl: word.optional(),
      hashes: z
        .array(
          z.object({
            alg: z.enum(["SHA-256", "SHA-512"]),
            content: z.string().regex(/^[0-9a-fA-F]{64,128}$/),
          }),
        )
        .optional(),
      licenses: z.array(z.looseObject({})).optional(),
    }),
  ),
  dependencies: z.array(z.object({ ref: word, dependsOn: z.array(word).default([]) })).default([]),
});

export type BundleBom = z.output<typeof bundleBom>;
