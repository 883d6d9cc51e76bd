/** build, top to bottom: who builds what, the image, and the papers that say where it comes from. */
import { basename } from "node:path";
import type { ActionContext, Story } from "@ml-actions/action-kit/action";
import { tool } from "../../tool.ts";
import { append, beginBase, type MadeImage, type Parts } from "./appended.ts";
import type { BuildOutputs, definition } from "./definition.ts";
import { openDestination } from "./destination.ts";
import { buildDockerfile } from "./dockerfile.ts";
import { readModel } from "./model.ts";
import { buildModelcar, type Modelcar } from "./modelcar.ts";
import { writePapers } from "./papers.ts";
import { releaseTag, runIdentity } from "./run-identity.ts";
import { buildSummary } from "./summary.ts";

type Definition = typeof definition;
type Context = ActionContext<BuildOutputs>;

export const build: Story<Definition["inputs"], Definition["outputs"]> = async (inputs, context) => {
  const startedAt = Date.now();
  const run = runIdentity(process.env);
  const tag = releaseTag(inputs.version, run);
  const destination = await openDestination(inputs, context.directory);
  const { parts, image } = await context.log.group("The image", async () => {
    const base = beginBase(inputs, destination);
    const model = await readModel(inputs, context);
    const parts: Parts = { inputs, model, run, destination, tag };
    try {
      const image =
        base !== null
          ? await append(parts, base, context)
          : await buildDockerfile(parts, inputs.dockerfile as string, context);
      return { parts, image };
    } catch (error) {
      await model.proof;
      throw error;
    }
  });
  nameImage(parts, image, context);
  const modelcar =
    inputs.modelcar === undefined ? null : await buildModelcar(parts, inputs.modelcar, context);
  await writePapers(parts, image, modelcar, context, startedAt);
  await context.summary(summaryOf(parts, image, modelcar, startedAt));
  context.log.info(`Built ${destination.place}:${tag} in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
};

function nameImage(
  { destination: { place }, tag }: Parts,
  { digest, modelDigest, base }: MadeImage,
  context: Context,
) {
  context.output("image", `${place}@${digest}`);
  context.output("tag", `${place}:${tag}`);
  context.output("digest", digest);
  context.output("model-digest", modelDigest);
  context.output("base", base?.pin ?? "");
  context.log.info(`Image: ${place}@${digest}`);
  if (base !== null && !base.given.includes("@sha256:")) {
    context.log.notice(
      `The base came by its tag. To build on the same one next time, write base: ${base.pin}`,
    );
  }
}

function summaryOf(parts: Parts, image: MadeImage, modelcar: Modelcar | null, startedAt: number): string {
  const { inputs, tag, destination, model, run } = parts;
  const step = process.env.GITHUB_ACTION ?? "";
  return buildSummary({
    name: inputs.name,
    tag,
    destination,
    image,
    model: { file: basename(model.path), digest: model.digest, task: model.contract.task },
    judged: model.evidence === null ? null : judgedBy(model.evidence),
    modelcar,
    source: { url: run.source.url, commit: run.commit },
    // Without an id GitHub makes one up, which no expression can use.
    stepId: /^[A-Za-z][\w-]*$/.test(step) ? step : null,
    tookMs: Date.now() - startedAt,
    tool,
  });
}

function judgedBy({ result, gates, card }: NonNullable<Parts["model"]["evidence"]>) {
  return { result, gates, dataset: card.dataset?.name ?? null };
}
