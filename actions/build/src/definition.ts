import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { bool, choice, config, filePath, list, text } from "@ml-actions/action-kit/fields";
import { z } from "zod";
import { registryInputs, registryProblems } from "../../registry-inputs.ts";
import { baseReference, imageName, majorMinorVersion, registryAddress } from "./names.ts";

const defaultBase = "gcr.io/distroless/nodejs24-debian13:nonroot";

const inputs = z
  .object({
    model: filePath().describe("The model: an ONNX file. It must load and answer the probe of its contract"),
    contract: filePath()
      .optional()
      .describe("The model's contract. Default: the one beside it (`model.onnx`, `model.contract.json`)"),
    profile: filePath()
      .optional()
      .describe("What production data should look like: the profile that `drift` wrote (`profile-out`)"),
    evidence: filePath()
      .optional()
      .describe(
        "What the model was judged by: the evidence of `eval-gate` for this very model. Its metrics and dataset go into the SBOM, the dataset's version into the labels",
      ),
    name: imageName().describe("What the image is called in its registry, such as `flights`"),
    version: majorMinorVersion().describe(
      'The version, `major.minor`, in quotes: `"1.4"`. The tag becomes `1.4.<number of the run>-<first 12 of the commit>`',
    ),
    base: baseReference()
      .prefault(defaultBase)
      .describe(
        "What the image is built on: Node 24 on glibc 2.28 or newer. By digest, or by tag: then the digest it has now is taken, recorded, and printed as the line to pin. `oci:DIR:tag` for one in an image layout",
      ),
    registry: registryAddress()
      .optional()
      .describe(
        "Where the image goes, without its name: `ghcr.io/octo-org`. Capitals become small letters, as registries have no others",
      ),
    ...registryInputs,
    platforms: list()
      .pipe(z.array(choice(["linux/amd64", "linux/arm64"])))
      .prefault("linux/amd64, linux/arm64")
      .describe("What the image runs on"),
    push: bool()
      .prefault("true")
      .describe(
        "`false` builds the same image and its evidence into an image layout of this job and sends nothing: for pull requests, where `scan` can look at it already",
      ),
    layout: text()
      .pipe(z.string().regex(/^[^\p{Cc}:@]+$/u, "expected a path without line breaks, `:` and `@`"))
      .optional()
      .describe("Instead of `registry`: a directory that becomes, or is, an OCI image layout"),
    dockerfile: filePath()
      .optional()
      .describe(
        "Build this Dockerfile with `docker buildx build` instead of appending to `base`; its context is the workspace. Tag rules, labels and evidence stay",
      ),
    modelcar: baseReference("scratch")
      .optional()
      .describe(
        "Also push the model alone for KServe, as `<name>-modelcar`: on this base, which needs a shell for `oci://` (`docker.io/library/busybox@sha256:…`), or on `scratch` for `oci+native://` and `oci+fetch://`",
      ),
    config: config(),
  })
  .superRefine((given, context) => {
    const problem = (input: keyof typeof given, message: string) =>
      context.addIssue({ code: "custom", path: [input], message });
    const { registry, layout, username } = given;
    if (registry !== undefined && layout !== undefined)
      problem("layout", "is given beside `registry`: an image goes to one place");
    if (registry === undefined && layout === undefined && given.push !== false)
      problem("registry", "is missing: give `registry`, or `layout` for a directory, or `push: false`");
    for (const { input, message } of registryProblems(given)) problem(input, message);
    if (username !== undefined && registry === undefined)
      problem("username", "is given without a `registry` that would ask for it");
    if (given.dockerfile !== undefined && given.base !== undefined && given.base !== defaultBase)
      problem("base", "is given beside `dockerfile`, which names its base itself (FROM …)");
  });

export type BuildInputs = z.output<typeof inputs>;

const outputs = {
  image: "The image by digest: `ghcr.io/octo-org/flights@sha256:…`, or `oci:<directory>@sha256:…`",
  tag: "Its tag, with the repository: `ghcr.io/octo-org/flights:1.4.3-ffac537e6cbb`",
  digest: "`sha256:…` of the image's index",
  "model-digest": "`sha256:…` of the ONNX file inside",
  provenance: "Path of the provenance: an in-toto statement (SLSA v1), for `sign`",
  sbom: "Path of the SBOM as an in-toto statement (CycloneDX 1.6), for `sign`",
  cyclonedx: "Path of the same SBOM as a plain CycloneDX file, for other tools",
  base: "The base by digest: the line to pin. Empty with `dockerfile`",
  modelcar: "The modelcar by digest; empty without `modelcar`",
};

export type BuildOutputs = typeof outputs;

export const definition: ActionDefinition<typeof inputs, BuildOutputs> = {
  name: "build",
  title: "Build a model's image",
  description:
    "Turns an ONNX model into an image that serves it, the same bytes on every machine, with provenance and SBOM",
  inputs,
  outputs,
  permissions: {
    packages: "`write`, to push to GitHub's registry (ghcr.io) with `GITHUB_TOKEN` as `password`",
  },
  safeOutputs: {},
  readsConfig: true,
  example: `- id: build
  uses: org/ml-actions/build@v1
  with:
    model: models/flights-2.onnx
    profile: drift/reference.json
    evidence: \${{ steps.eval.outputs.evidence }}
    name: flights
    version: "1.4"
    registry: ghcr.io/\${{ github.repository_owner }}
    username: \${{ github.actor }}
    password: \${{ secrets.GITHUB_TOKEN }}
`,
  branding: { icon: "package", color: "blue" },
  story: async () => ({ run: (await import("./build.ts")).build }),
};
