/** Trivy's report (`SchemaVersion` 2), read once into what we judge by. */
import type { Finding } from "@ml-actions/evidence/vulnerabilities-policy";
import { severities } from "@ml-actions/evidence/vulnerabilities-policy";
import { z } from "zod";
import { ScanError, shown } from "./errors.ts";

/** What the scanner knows of a finding beyond what evidence carries. */
export interface Found extends Finding {
  title: string | null;
  /** A page about it. */
  url: string | null;
  /** Where in the image, from its root; empty for a package of the operating system. */
  paths: readonly string[];
  /** diffID of the layer that brought it. */
  layer: string | null;
}

export interface PlatformReport {
  imageId: string;
  diffIds: readonly string[];
  /** `registry/repository@sha256:…`; empty for a layout. */
  repoDigests: readonly string[];
  os: { name: string; endOfLife: boolean; packages: number } | null;
  /** Package URLs as the scanner gives them. */
  purls: readonly string[];
  packages: number;
  findings: readonly Found[];
  /** As Trivy wrote them, for `trivy convert`. */
  raw: { report: Record<string, unknown>; results: RawResult[] };
}

/** As long as evidence takes them, and in characters that JSON can carry. */
const text = z
  .string()
  .max(1000)
  .transform((given) => given.toWellFormed());
const word = text.pipe(z.string().min(1));

const vulnerability = z.looseObject({
  VulnerabilityID: word,
  PkgName: word,
  InstalledVersion: word,
  FixedVersion: text.optional(),
  Severity: z.enum(severities),
  SeveritySource: text.optional(),
  PkgPath: z.string().max(5000).optional(),
  Title: z.string().optional(),
  PrimaryURL: z.string().optional(),
  Layer: z.object({ DiffID: z.string().optional() }).optional(),
});

const result = z.looseObject({
  Target: z.string(),
  Class: z.string().optional(),
  Packages: z.array(z.object({ Identifier: z.object({ PURL: z.string().optional() }).optional() })).nullish(),
  Vulnerabilities: z.array(vulnerability).nullish(),
});

export type RawResult = z.output<typeof result>;

const schema = z.looseObject({
  SchemaVersion: z.literal(2),
  ArtifactType: z.literal("container_image"),
  Metadata: z.object({
    OS: z.object({ Family: z.string(), Name: z.string(), EOSL: z.boolean().optional() }).optional(),
    ImageID: word,
    DiffIDs: z.array(word).min(1),
    RepoDigests: z.array(word).optional(),
  }),
  Results: z.array(result).min(1),
});

/**
 * @param platform of whose manifest the report is: every finding says where it was found.
 * @throws ScanError `report`
 */
export function readReport(text: string, platform: string): PlatformReport {
  const parsed = schema.safeParse(jsonOf(text));
  if (!parsed.success) throw notReadable(parsed.error.issues);
  const { Metadata, Results, ...rest } = parsed.data;
  const packages = Results.flatMap(({ Packages }) => Packages ?? []);
  return {
    imageId: Metadata.ImageID,
    diffIds: Metadata.DiffIDs,
    repoDigests: Metadata.RepoDigests ?? [],
    os: osOf(Metadata.OS, Results),
    purls: packages.flatMap(({ Identifier }) => Identifier?.PURL ?? []),
    packages: packages.length,
    findings: Results.flatMap(({ Vulnerabilities }) =>
      (Vulnerabilities ?? []).map((one) => foundOf(one, platform)),
    ),
    raw: { report: { ...rest, Metadata }, results: Results },
  };
}

function osOf(
  os: z.output<typeof schema>["Metadata"]["OS"],
  results: readonly RawResult[],
): PlatformReport["os"] {
  if (os === undefined || os.Family === "" || os.Family === "none") return null;
  const own = results.filter((entry) => entry.Class === "os-pkgs");
  const packages = own.reduce((sum, { Packages }) => sum + (Packages?.length ?? 0), 0);
  return { name: shown(`${os.Family} ${os.Name}`.trim()), endOfLife: os.EOSL === true, packages };
}

function foundOf(given: z.output<typeof vulnerability>, platform: string): Found {
  return {
    id: given.VulnerabilityID,
    package: given.PkgName,
    installed: given.InstalledVersion,
    fixed: given.FixedVersion || null,
    severity: given.Severity,
    ratedBy: given.SeveritySource || null,
    platforms: [platform],
    title: given.Title || null,
    url: given.PrimaryURL || null,
    paths: given.PkgPath ? [given.PkgPath] : [],
    layer: given.Layer?.DiffID || null,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ScanError(
      "report",
      `the scanner's report is no JSON: ${shown((cause as Error).message)}`,
      "Nothing was judged. Use the pinned version of Trivy.",
      { cause },
    );
  }
}

function notReadable(issues: readonly z.core.$ZodIssue[]): ScanError {
  const places = issues
    .slice(0, 5)
    .map(({ path, message }) => `${shown(path.join(".") || "the whole")}: ${shown(message)}`);
  const more = issues.length > 5 ? ` and ${issues.length - 5} more` : "";
  const empty = issues.some(({ path }) => path.length === 1 && path[0] === "Results");
  return new ScanError(
    empty ? "incomplete" : "report",
    `the scanner's report ${empty ? "has no results: it looked at nothing" : "is not of the kind that is read here"} (${places.join("; ")}${more})`,
    empty
      ? "Nothing was judged. Scan an image that holds an operating system or packages."
      : "Nothing was judged. Use the pinned version of Trivy.",
  );
}
