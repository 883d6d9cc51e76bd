/** An image signed, and its evidence attested, by real cosign v3 alone. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { predicateTypes } from "@ml-actions/evidence/predicates";
import { buildOf, evalOf, scanOf } from "@ml-actions/evidence/verification/testing/evidence";
import type { Cosign } from "../components/cosign.ts";
import type { RunningSigstore } from "../components/sigstore.ts";

/** Neither log nor timestamp authority: nothing is asked of the network. */
const noServices = {
  mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
  caUrls: [],
  oidcUrls: [],
  rekorTlogUrls: [],
  tsaUrls: [],
};

/** Arguments of cosign that sign with a key of its own, in `<prefix>.key`, whose password is empty. */
export async function withKey(cosign: Cosign, prefix = "cosign"): Promise<string[]> {
  await writeFile(join(cosign.directory, "none.json"), JSON.stringify(noServices));
  return ["--key", `${prefix}.key`, "--signing-config", "none.json"];
}

/** Arguments of cosign that sign as this workflow. */
export async function withoutKey(
  cosign: Cosign,
  sigstore: RunningSigstore,
  identity: string,
): Promise<string[]> {
  const files = { "signing-config.json": sigstore.signingConfig, "trusted-root.json": sigstore.trustedRoot };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(cosign.directory, name), JSON.stringify(content));
  }
  const token = sigstore.token(identity);
  return [
    ...["--identity-token", token, "--yes"],
    ...["--signing-config", "signing-config.json", "--trusted-root", "trusted-root.json"],
  ];
}

/** @param reference by digest */
export async function cosignAll(cosign: Cosign, reference: string, how: readonly string[]): Promise<void> {
  await cosign.run(["sign", ...how, reference]);
  const finishedAt = Date.now() - 1000;
  const predicates = {
    build: buildOf(undefined, finishedAt).predicate,
    eval: evalOf({}, finishedAt).predicate,
    scan: scanOf({}, finishedAt).predicate,
  };
  for (const [name, predicate] of Object.entries(predicates)) {
    await writeFile(join(cosign.directory, `${name}.json`), JSON.stringify(predicate));
    const type = predicateTypes[name as keyof typeof predicates];
    await cosign.run(["attest", ...how, "--type", type, "--predicate", `${name}.json`, reference]);
  }
}
