import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { config, filePath, lines, text } from "@ml-actions/action-kit/fields";
import { z } from "zod";
import { registryInputs, registryProblems } from "../../registry-inputs.ts";
import { signerInputs, signerProblems } from "../../signer.ts";

const inputs = z
  .object({
    image: text().describe(
      "The image by digest, as `build` gives it: `registry/repository@sha256:…`, or `oci:DIRECTORY@sha256:…`. With `model`: the repository that keeps the model's evidence, without tag or digest",
    ),
    model: filePath()
      .optional()
      .describe(
        "A model's file that no image holds, such as one that KServe loads by `storageUri`: it is signed by its own digest, and its evidence is that of `eval-gate`",
      ),
    evidence: lines()
      .optional()
      .describe(
        "What to attest: files that `eval-gate`, `build`, `scan`, `shadow` or `deploy` wrote, one path or glob a line, `**` for any depth. A line that matches nothing is an error. Default: the image alone is signed",
      ),
    key: text()
      .meta({ secret: true })
      .optional()
      .describe(
        "The private key: its PEM text from a secret, or the path of its file; cosign's own form, PKCS#8 or SEC1. Default: no key, the workflow signs as itself (`id-token: write`)",
      ),
    ...signerInputs,
    ...registryInputs,
    config: config(),
  })
  .superRefine((given, context) => {
    for (const { input, message } of [...signerProblems(given), ...registryProblems(given)])
      context.addIssue({ code: "custom", path: [input], message });
  });

export type SignInputs = z.output<typeof inputs>;

const outputs = {
  signature: "Digest of the image's signature, as it lies beside the image",
  attestations:
    "JSON: one object for each piece of evidence, with `file`, `predicateType`, `digest` (as it lies beside the image) and `new`",
};

export type SignOutputs = typeof outputs;

export const definition: ActionDefinition<typeof inputs, SignOutputs> = {
  name: "sign",
  title: "Sign an image and its evidence",
  description:
    "Signs an image and attests its evidence beside it, with a key or as the workflow itself; repeats write nothing",
  inputs,
  outputs,
  permissions: {
    "id-token": "`write`, to sign as this workflow; not needed with `key`",
    packages: "`write`, to write to GitHub's registry (ghcr.io) with `GITHUB_TOKEN` as `password`",
  },
  safeOutputs: {},
  readsConfig: true,
  example: `- uses: org/ml-actions/sign@v1
  with:
    image: \${{ steps.build.outputs.image }}
    evidence: |
      \${{ steps.eval.outputs.evidence }}
      \${{ steps.build.outputs.provenance }}
      \${{ steps.build.outputs.sbom }}
      \${{ steps.scan.outputs.evidence }}
    username: \${{ github.actor }}
    password: \${{ secrets.GITHUB_TOKEN }}
`,
  branding: { icon: "edit-3", color: "purple" },
  story: async () => ({ run: (await import("./sign.ts")).sign }),
};
