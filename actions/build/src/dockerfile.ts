/** An image whose server comes from a Dockerfile. Model and contract are appended to it as to any other base, so that
 * `sign` finds them by their bytes, and labels, tag rules and evidence stay the same. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ActionContext } from "@ml-actions/action-kit/action";
import { buildImage, readBase } from "@ml-actions/oci/image";
import { openStore } from "@ml-actions/oci/open-store";
import { fileDigest } from "@ml-actions/rollout/release";
import { factsOf, type MadeImage, type Parts } from "./appended.ts";
import { runBuildx } from "./buildx.ts";
import type { BuildOutputs } from "./definition.ts";

export async function buildDockerfile(
  { inputs, model, run, destination, tag }: Parts,
  dockerfile: string,
  { log, signal }: ActionContext<BuildOutputs>,
): Promise<MadeImage> {
  // Docker may take minutes.
  await model.proof;
  const work = await mkdtemp(join(process.env.RUNNER_TEMP || tmpdir(), "ml-actions-buildx-"));
  try {
    const layout = join(work, "image");
    const digestOfFile = await fileDigest(dockerfile);
    const built = await runBuildx(
      {
        dockerfile,
        context: process.cwd(),
        platforms: inputs.platforms,
        layout,
        metadata: join(work, "metadata.json"),
      },
      { log, signal },
    );
    const { store: source } = await openStore(`oci:${layout}`);
    const image = await buildImage({
      // Its server is its own.
      server: null,
      base: await readBase({ source, digest: built.digest }, inputs.platforms),
      platforms: inputs.platforms,
      model: model.measured,
      contract: model.contractFile.bytes,
      ...(model.profile === null ? {} : { profile: model.profile.bytes }),
      facts: factsOf(inputs, model, run),
      store: destination.store,
      tag: `${tag}${destination.tagSuffix}`,
    });
    const { base: _layout, ...made } = image;
    return { ...made, base: null, dockerfile: { digest: digestOfFile, materials: built.materials } };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
