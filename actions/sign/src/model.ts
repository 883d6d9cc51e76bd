/** A model without an image, as what is signed: its evidence lies beside its digest, in a repository that has no manifest
 * of that digest. */
import { stat } from "node:fs/promises";
import { UserError } from "@ml-actions/action-kit/action";
import { shown } from "@ml-actions/action-kit/wording";
import type { Descriptor } from "@ml-actions/oci";
import { openStore } from "@ml-actions/oci/open-store";
import { fileDigest, releaseDigest } from "@ml-actions/rollout/release";
import { contractBeside } from "@ml-actions/serving/load-contract";
import { credentialsOf, type RegistryInputs } from "../../registry-inputs.ts";

/** @throws UserError when `image` names more than a repository, RolloutError when the file cannot be read */
export async function modelOf(
  path: string,
  { image: place, ...registry }: RegistryInputs & { image: string },
) {
  const { store, tag, digest: given } = await openStore(place, credentialsOf(registry));
  if (tag !== undefined || given !== undefined)
    throw new UserError(
      `\`image\`: ${shown(place)} names an image, and \`model\` is a file that none holds.`,
      {
        remedy: `Write ${store.name} alone: the repository that keeps the model's evidence.`,
      },
    );
  const digest = await fileDigest(path);
  const image: Descriptor = { mediaType: "application/octet-stream", digest, size: (await stat(path)).size };
  const contract = contractBeside(path);
  const hasContract = await stat(contract).then(
    (facts) => facts.isFile(),
    () => false,
  );
  const known = hasContract ? [digest, await releaseDigest({ digest, contract })] : [digest];
  return { store, image, known };
}
