/** What deploy and eval-gate do before anything runs, with an image in a real registry that asks for a password and has
 * no referrers API. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ActionContext, NegativeVerdict } from "@ml-actions/action-kit/action";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { candidateRelease } from "../../actions/deploy/src/candidate.ts";
import { type DeployOutputs, definition } from "../../actions/deploy/src/definition.ts";
import { type EvalGateOutputs, definition as evalGate } from "../../actions/eval-gate/src/definition.ts";
import { imageBaseline } from "../../actions/eval-gate/src/image-baseline.ts";
import { type FlightsImage, imageOf, newSigning, scratch } from "../actions/image-fixture.ts";
import { flights } from "../actions/suite.ts";
import { type RunningRegistry, startRegistry } from "../components/docker-registry.ts";

const credentials = { username: "robot", password: "open sesame" };
const bcryptOfPassword = "$2b$05$4XS8XIVWsMBrS/81Oc11qO07xA075b6/7FBKaSAjUDm.EEaidnS2S";
const signing = newSigning();
let registry: RunningRegistry;
let image: FlightsImage;

beforeAll(async () => {
  const path = join(scratch(), "htpasswd");
  writeFileSync(path, `${credentials.username}:${bcryptOfPassword}\n`);
  registry = await startRegistry({ htpasswd: { realm: "tests", path } });
  image = await imageOf("flights-1", { place: `${registry.host}/org/flights`, credentials, tag: "1.0.7" });
  await signing.image(image);
});
afterAll(() => registry?.stop());

function contextOf(outputs: Record<string, string> = {}, lines: string[] = []) {
  const say = (line: string) => lines.push(line);
  return {
    log: { info: say, notice: say, warning: say, error: say, debug: say },
    output: (name: string, value: string) => {
      outputs[name] = value;
    },
    summary: async (markdown: string) => lines.push(markdown),
    directory: scratch(),
    signal: new AbortController().signal,
    holder: "a test",
  };
}

const deployInputs = (candidate: string, given: Record<string, string> = credentials) =>
  definition.inputs.parse({ resource: "flights", candidate, require: "eval", key: signing.key, ...given });

describe("an image in a registry that asks for a password", () => {
  it("is refused while its evidence is not all there, and is a release when it is, by digest or by tag", async () => {
    const outputs: Record<string, string> = {};
    const context = contextOf(outputs) as unknown as ActionContext<DeployOutputs>;
    await expect(candidateRelease(deployInputs(image.reference), context)).rejects.toThrow(NegativeVerdict);
    expect(outputs).toMatchObject({ stage: "refused", verdict: "fail" });
    await signing.evaluation(image, { metrics: { auc: 0.6778 } });
    const byTag = `${registry.host}/org/flights:1.0.7`;
    for (const candidate of [image.reference, byTag]) {
      const release = await candidateRelease(deployInputs(candidate), context);
      expect(release).toMatchObject({ digest: image.digest, image: image.reference, label: "flights-1.0.7" });
      expect(release.verified?.summary).toMatch(/^sha256:/);
    }
  });

  it("is told apart from one that may not be seen; the password is in no line", async () => {
    const lines: string[] = [];
    const context = contextOf({}, lines) as unknown as ActionContext<DeployOutputs>;
    const wrong = { username: "robot", password: "not-the-password" };
    const refused = await candidateRelease(deployInputs(image.reference, wrong), context).catch(
      (error: Error) => error,
    );
    expect(refused).toMatchObject({ code: "unauthorized", remedy: expect.any(String) });
    expect(`${refused} ${lines.join()}`).not.toContain(wrong.password);
  });

  it("gives the figures that were signed for as a baseline", async () => {
    const inputs = evalGate.inputs.parse({
      predictions: flights("predictions_v20131231.csv"),
      baseline: image.reference,
      key: signing.key,
      ...credentials,
    });
    const context = contextOf() as unknown as ActionContext<EvalGateOutputs>;
    const subject = { reference: image.reference, kept: null };
    expect(await imageBaseline(subject, inputs, context, "metrics")).toMatchObject({
      metrics: { auc: 0.6778 },
      signed: { image: image.reference },
    });
  });
});
