/** Manifests and indexes of the OCI image specification 1.1, and their Docker twins. */
import { z } from "zod";
import { OciError } from "./errors.ts";
import { digestPattern } from "./reference.ts";

export const mediaTypes = {
  manifest: [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
  ],
  index: [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
  ],
};

/** The distribution specification asks registries to take 4 MiB at least; none larger is in use. */
export const maxManifestBytes = 4 * 1024 * 1024;

const descriptorSchema = z.object({
  mediaType: z.string().min(1),
  digest: z.string().regex(digestPattern, "must be sha256: and 64 hex digits"),
  size: z.int().nonnegative(),
  annotations: z.record(z.string(), z.string()).optional(),
  artifactType: z.string().optional(),
  platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() }).optional(),
});

const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema),
  subject: descriptorSchema.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

const indexSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  manifests: z.array(descriptorSchema),
  subject: descriptorSchema.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

export type Descriptor = z.infer<typeof descriptorSchema>;
export type Manifest = z.infer<typeof manifestSchema>;
export type Index = z.infer<typeof indexSchema>;
export type Document = { kind: "manifest"; manifest: Manifest } | { kind: "index"; index: Index };

export interface Pulled {
  document: Document;
  mediaType: string;
  /** Of `bytes`, and what was asked for when a digest was. */
  digest: string;
  bytes: Uint8Array;
}

/** Parses what a registry serves as `mediaType`. Throws `OciError` code `manifest`; `place` names it in messages. */
export function parseDocument(bytes: Uint8Array, mediaType: string, place: string): Document {
  const type = mediaType.split(";")[0]?.trim() ?? "";
  const isIndex = mediaTypes.index.includes(type);
  if (!isIndex && !mediaTypes.manifest.includes(type)) {
    throw invalid(place, `it is of the type ${JSON.stringify(type)}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid(place, (cause as Error).message, cause);
  }
  // A document that is an index to one reader and a manifest to another could be verified as the one and run as the
  // other (CVE-2021-41190): its own word must agree with the registry's.
  const own = (json as { mediaType?: unknown } | null)?.mediaType;
  if (own !== undefined && own !== type)
    throw invalid(place, `it calls itself ${JSON.stringify(own)}, served as ${type}`);
  if (isIndex) {
    return { kind: "index", index: parsed(indexSchema, json, place) };
  }
  return { kind: "manifest", manifest: parsed(manifestSchema, json, place) };
}

function parsed<T>(schema: z.ZodType<T>, json: unknown, place: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalid(place, `${issue?.path.join(".")}: ${issue?.message}`);
}

function invalid(place: string, why: string, cause?: unknown): OciError {
  return new OciError("manifest", `${place} is no manifest that can be read: ${why}`, {
    remedy: "Check the reference; push the image again if it is damaged.",
    cause,
  });
}
