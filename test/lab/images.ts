/** The releases that tests deploy: stand-ins that behave as told, and the flights' model in its real serving image. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buildImage, measureModel, resolveBase } from "@ml-actions/oci/image";
import { openStore } from "@ml-actions/oci/open-store";
import { releaseTree } from "@ml-actions/release";
import type { Behaviour } from "@ml-actions/rollout/local/testing/stand-in-server";
import { debianBase } from "../components/base-image.ts";
import { pushImage } from "./image.ts";
import { lab } from "./lab.ts";

const root = join(import.meta.dirname, "../..");
const standInSource = join(root, "packages/rollout/src/local/testing/stand-in-server.ts");

export interface LabImage {
  /** `host:port/repository@sha256:…` */
  reference: string;
  /** `sha256:…`, of that. */
  digest: string;
}

export interface FlightsImage extends LabImage {
  /** Of model and contract, which evidence made before the image speaks of. */
  releaseDigest: string;
}

export interface LabImages {
  /** Answers on 8080 at `/predict`, `/ready` and `/metrics`, and behaves as told. Every behaviour has a digest of its own. */
  standIn(behaviour: Behaviour): Promise<LabImage>;
  /** The real server with that model: needs the release tree, which takes a minute to build. */
  flights(model: "flights-1" | "flights-2" | "flights-treacherous"): Promise<FlightsImage>;
}

/** In the lab's registry; what is there is not pushed again. */
export async function labImages(): Promise<LabImages> {
  const { registry } = await lab();
  return {
    standIn: (behaviour) => standIn(registry, behaviour),
    flights: (model) => flights(registry, model),
  };
}

async function standIn(registry: string, behaviour: Behaviour): Promise<LabImage> {
  const program = await readFile(standInSource, "utf8");
  const words = JSON.stringify(behaviour);
  const content = createHash("sha256").update(program).update("\0").update(words).digest("hex");
  const reference = await pushImage(registry, {
    repository: "lab/stand-in",
    tag: `${content.slice(0, 32)}-${process.versions.node}`,
    base: "node",
    layers: async () => [
      [{ path: "stand-in/server.mts", content: program }],
      [{ path: "stand-in/behaviour.json", content: words }],
    ],
    entrypoint: ["/nodejs/bin/node", "--no-maglev", "/stand-in/server.mts"],
    environment: { MODEL_URI: "/stand-in/behaviour.json", HOST: "0.0.0.0", PORT: "8080" },
  });
  return { reference, digest: digestOf(reference) };
}

async function flights(registry: string, model: string): Promise<FlightsImage> {
  const fixture = join(root, "test/fixtures/flights", model);
  const { store: bases } = await openStore(`${registry}/lab/distroless`);
  const platform = process.arch === "arm64" ? "linux/arm64" : "linux/amd64";
  const base = await debianBase(bases);
  const place = `${registry}/lab/flights`;
  const { store } = await openStore(place);
  const { digest, releaseDigest } = await buildImage({
    base: await resolveBase(base.reference, [platform]),
    platforms: [platform],
    server: join(await releaseTree(), "image"),
    runtime: async () => join(root, "node_modules/onnxruntime-node"),
    model: await measureModel(`${fixture}.onnx`, "flights"),
    contract: await readFile(`${fixture}.contract.json`),
    facts: {
      name: "flights",
      version: model,
      source: "https://example.com/flights",
      revision: "0123456789abcdef",
    },
    store,
  });
  return { reference: `${place}@${digest}`, digest, releaseDigest };
}

const digestOf = (reference: string) => reference.slice(reference.indexOf("@") + 1);
