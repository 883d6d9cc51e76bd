import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { bool, config, duration, filePath, list, orProblem, text } from "@ml-actions/action-kit/fields";
import { z } from "zod";
import { registryInputs, registryProblems } from "../../registry-inputs.ts";
import { imageInput } from "./image-input.ts";
import { scannerInput } from "./scanner-input.ts";
import { severityList } from "./severities.ts";

const inputs = z
  .object({
    image: text()
      .transform(orProblem(imageInput))
      .describe(
        "The image by digest: `registry/repository@sha256:…`, or `oci:DIRECTORY@sha256:…` for one in an OCI image layout. Every platform of its index is scanned",
      ),
    severity: list()
      .transform(orProblem(severityList))
      .prefault("CRITICAL")
      .describe(
        "Vulnerabilities of these severities fail the scan, from the worst down without a gap: `CRITICAL, HIGH`. `UNKNOWN` (nobody has rated it yet) may be added",
      ),
    "ignore-unfixed": bool()
      .prefault("false")
      .describe("Let vulnerabilities pass that nobody has a fix for yet; they are listed all the same"),
    "ignore-file": filePath()
      .optional()
      .describe(
        "Risks that were accepted: YAML or JSON, a list of `id`, `reason`, `expires` (`2027-01-31`, the last day) and, to accept it in one package alone, `package`. An entry that has expired fails the scan",
      ),
    "max-db-age": duration({ minMs: 60_000 })
      .prefault("48h")
      .describe("How old the vulnerability database may be: what it does not know yet, it cannot find"),
    scanner: text()
      .transform(orProblem(scannerInput))
      .optional()
      .describe(
        "Trivy: a path, or the https address of a mirror that has the program or its `.tar.gz`. Default: `trivy` on the PATH, else the release pinned here, checked against its checksum",
      ),
    "scanner-sha256": text()
      .transform((hex) => hex.replace(/^sha256:/, "").toLowerCase())
      .pipe(z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits"))
      .optional()
      .describe(
        "SHA-256 that the file of `scanner` must have: the program, or the archive fetched. Required for an address, checked for a path too",
      ),
    "cache-dir": filePath({ kind: "directory" })
      .optional()
      .describe(
        "Without a network: a Trivy cache directory with its database in `db/`, as `trivy image --download-db-only --cache-dir` fills it. Nothing is downloaded then",
      ),
    ...registryInputs,
    config: config(),
  })
  .superRefine((given, context) => {
    const problem = (input: keyof typeof given, message: string) =>
      context.addIssue({ code: "custom", path: [input], message });
    const { image, scanner } = given;
    if (scanner?.kind === "url" && given["scanner-sha256"] === undefined)
      problem(
        "scanner-sha256",
        "is missing: what is fetched from an address must have a checksum that you know",
      );
    if (scanner === undefined && given["scanner-sha256"] !== undefined)
      problem("scanner", "is missing: `scanner-sha256` is given without it");
    for (const { input, message } of registryProblems(given)) problem(input, message);
    if (given.username !== undefined && image?.place.kind === "layout")
      problem("username", "is given for an image layout, which no registry asks about");
  });

export type ScanInputs = z.output<typeof inputs>;

const outputs = {
  verdict: "`pass`, `fail` or `inconclusive`",
  passed: "`true` when the verdict is `pass`, else `false`",
  counts:
    'JSON: how many vulnerabilities of each severity, accepted ones included: `{"CRITICAL":0,"HIGH":3,…}`',
  sarif: "Path of the SARIF file, for `github/codeql-action/upload-sarif`; accepted risks are not in it",
  evidence: "Path of the evidence: an in-toto statement (vulns v0.2) about the image's digest, for `sign`",
};

export type ScanOutputs = typeof outputs;

export const definition: ActionDefinition<typeof inputs, ScanOutputs> = {
  name: "scan",
  title: "Scan an image",
  description:
    "Scans every platform of an image for known vulnerabilities with a pinned Trivy, and fails the job when one must not go out",
  inputs,
  outputs,
  permissions: {
    packages: "`read`, to pull from GitHub's registry (ghcr.io) with `GITHUB_TOKEN` as `password`",
  },
  safeOutputs: { verdict: "inconclusive", passed: "false" },
  readsConfig: true,
  example: `- id: scan
  uses: org/ml-actions/scan@v1
  with:
    image: \${{ needs.build.outputs.image }}
    severity: CRITICAL, HIGH
    ignore-file: accepted-risks.yaml
    username: \${{ github.actor }}
    password: \${{ secrets.GITHUB_TOKEN }}
`,
  branding: { icon: "search", color: "orange" },
  story: async () => {
    const { scan, cleanUp } = await import("./scan.ts");
    return { run: scan, cleanUp };
  },
};
