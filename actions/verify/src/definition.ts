import type { ActionDefinition } from "@ml-actions/action-kit/action";
import { config, filePath, text } from "@ml-actions/action-kit/fields";
import { z } from "zod";
import { registryInputs, registryProblems } from "../../registry-inputs.ts";
import { trustInputs, trustProblems } from "../../trust-inputs.ts";

const inputs = z
  .object({
    image: text().describe(
      "The image by digest: `registry/repository@sha256:…`, or `oci:DIR@sha256:…` for an image layout",
    ),
    ...trustInputs,
    ...registryInputs,
    "signing-key": text()
      .meta({ secret: true })
      .optional()
      .describe(
        "What signs the verification summary: a private key as PEM text, or a path. Default: this workflow's identity, where the policy trusts identities and the job has `id-token: write`; else it is not signed. A secret",
      ),
    "signing-key-password": text()
      .meta({ secret: true })
      .optional()
      .describe("The password of `signing-key`. A secret"),
    "signing-config": filePath()
      .optional()
      .describe(
        "At a Sigstore of your own, beside `trusted-root`: where the verification summary is signed without a key (SigningConfig v0.2)",
      ),
    config: config(),
  })
  .superRefine((given, context) => {
    const passwordAlone = given["signing-key"] === undefined && given["signing-key-password"] !== undefined;
    const problems: { input: string; message: string }[] = [
      ...trustProblems(given),
      ...registryProblems(given),
      ...configAlone(given),
      ...(passwordAlone
        ? [{ input: "signing-key", message: "is missing: `signing-key-password` is given without it" }]
        : []),
    ];
    for (const { input, message } of problems) context.addIssue({ code: "custom", path: [input], message });
  });

function configAlone(given: { "signing-config"?: string | undefined; "trusted-root"?: string | undefined }) {
  if (given["signing-config"] === undefined || given["trusted-root"] !== undefined) return [];
  return [{ input: "trusted-root", message: "is missing: `signing-config` is given without it" }];
}

const outputs = {
  verdict: "`pass` or `fail`; `inconclusive` when the image could not be verified at all",
  passed: "`true` when the verdict is `pass`, else `false`",
  evidence:
    "Path of the verification summary: an in-toto statement (SLSA VSA) of the verdict about the image, with the digests of what it rests on",
  bundle: "Path of the same, signed (Sigstore bundle); empty when nothing was at hand to sign with",
};

export type VerifyOutputs = typeof outputs;

export const definition: ActionDefinition<typeof inputs, VerifyOutputs> = {
  name: "verify",
  title: "Verify the evidence of an image",
  description:
    "Checks that an image carries the signed evidence that your policy asks for, and fails the job when it does not",
  inputs,
  outputs,
  permissions: {
    packages: "`read`, to pull from GitHub's registry (ghcr.io) with `GITHUB_TOKEN` as `password`",
    "id-token": "`write`, to sign the verification summary without a key; verifying does not need it",
  },
  safeOutputs: { verdict: "inconclusive", passed: "false" },
  readsConfig: true,
  example: `- uses: org/ml-actions/verify@v1
  with:
    image: \${{ needs.build.outputs.image }}
    identity: https://github.com/\${{ github.repository }}/.github/workflows/deliver.yml@refs/heads/main
    require: build, eval, scan
    max-age: 30d
    username: \${{ github.actor }}
    password: \${{ secrets.GITHUB_TOKEN }}
`,
  branding: { icon: "shield", color: "green" },
  story: async () => ({ run: (await import("./verify.ts")).verify }),
};
