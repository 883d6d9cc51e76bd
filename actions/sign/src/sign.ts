/** sign, top to bottom: everything is read and checked first, then signed; the image's own signature comes last, so that
 * an image that is signed has its evidence. */
import { type ActionContext, type Story, UserError } from "@ml-actions/action-kit/action";
import { shown } from "@ml-actions/action-kit/wording";
import {
  aboutImage,
  attest,
  imageSignature,
  readSigned,
  type SignedStatement,
} from "@ml-actions/evidence/signing";
import type { Descriptor } from "@ml-actions/oci";
import { openStore } from "@ml-actions/oci/open-store";
import { credentialsOf } from "../../registry-inputs.ts";
import { signerOf } from "../../signer.ts";
import type { definition, SignInputs, SignOutputs } from "./definition.ts";
import { type EvidenceFile, readEvidence } from "./evidence-files.ts";
import { knownDigests } from "./known-digests.ts";
import { isFailed, type SignedRow, signLine, signSummary } from "./summary.ts";

type Definition = typeof definition;

export const sign: Story<Definition["inputs"], Definition["outputs"]> = async (inputs, context) => {
  const { log } = context;
  const evidence = await readEvidence(inputs.evidence ?? [], process.cwd());
  const { store, image, known } = await subjectOf(
    inputs,
    evidence.map(({ statement }) => statement),
  );
  const claims = claimsOf(evidence, { name: store.name, digest: image.digest }, known);
  const signer = await signerOf(inputs, log);
  log.info(`Signing ${store.name}@${image.digest} as ${signer.description}`);
  const present = await readSigned(store, image.digest, signer.trust);

  const rows: SignedRow[] = [];
  for (const { file, statement } of [...claims, { file: null, statement: imageSignature(image.digest) }]) {
    const { referrer, written } = await attest(store, image, statement, signer, present);
    const row = { file, statement, digest: referrer, written };
    rows.push(row);
    log.info(signLine(row));
    if (isFailed(statement))
      log.warning(`${file} says "fail". It is attested as the truth; verify will refuse the image.`, {
        title: "sign: evidence of a failure",
      });
    outputs(context, rows);
  }
  await context.summary(signSummary(`${store.name}@${image.digest}`, signer, rows));
};

/** What is signed, and every digest that it may be known by. */
async function subjectOf(inputs: SignInputs, statements: readonly SignedStatement[]) {
  if (inputs.model !== undefined) {
    const { modelOf } = await import("./model.ts");
    return modelOf(inputs.model, inputs);
  }
  const { store, image } = await imageOf(inputs);
  return { store, image, known: await knownDigests(store, image.digest, statements) };
}

async function imageOf(inputs: SignInputs) {
  const { store, tag, digest } = await openStore(inputs.image, credentialsOf(inputs));
  if (digest === undefined) {
    const now = tag === undefined ? null : await store.resolve(tag).catch(() => null);
    throw new UserError(
      `\`image\`: ${shown(inputs.image)} has no digest: a tag may be another image by the time it is signed.`,
      {
        remedy:
          now === null
            ? `Write ${store.name}@sha256:…: the output \`image\` of build has it.`
            : `Write ${store.name}@${now.digest}, if that is the image you mean: the tag names it now.`,
      },
    );
  }
  const image: Descriptor | null = await store.resolve(digest);
  if (image === null) {
    throw new UserError(`\`image\`: there is no ${digest} in ${store.name}.`, {
      remedy: "Push the image first; check the repository's name and the digest.",
    });
  }
  return { store, image };
}

/** Every swapped file is named at once. */
function claimsOf(
  evidence: readonly EvidenceFile[],
  image: { name: string; digest: string },
  known: readonly string[],
): EvidenceFile[] {
  const errors: Error[] = [];
  const claims = evidence.flatMap(({ file, statement }) => {
    try {
      return [{ file, statement: aboutImage(statement, image, known, file) }];
    } catch (error) {
      if (!(error instanceof Error && "remedy" in error)) throw error;
      errors.push(error);
      return [];
    }
  });
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, "This evidence is not of this image");
  return claims;
}

/** After each one, so that what was done is known even if the next one fails. */
function outputs(context: ActionContext<SignOutputs>, rows: readonly SignedRow[]): void {
  const attestations = rows
    .filter(({ file }) => file !== null)
    .map(({ file, statement, digest, written }) => ({
      file,
      predicateType: statement.predicateType,
      digest,
      new: written,
    }));
  context.output("attestations", JSON.stringify(attestations));
  const own = rows.find(({ file }) => file === null);
  if (own !== undefined) context.output("signature", own.digest);
}
