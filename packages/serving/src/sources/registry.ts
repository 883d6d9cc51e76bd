/** A model in an OCI registry: an artifact whose layers are the files, titled as ORAS does. */
import { join } from "node:path";
import {
  type Descriptor,
  type Manifest,
  OciError,
  parseReference,
  type Reference,
  Registry,
} from "@ml-actions/oci";
import { ServingError } from "../errors.ts";
import { contractName } from "../load-contract.ts";
import { fetchError } from "./fetching.ts";
import { alreadyThere, localPath } from "./local-file.ts";
import type { FetchOptions } from "./source.ts";

const titleAnnotation = "org.opencontainers.image.title";
const maxContractBytes = 32 * 1024 * 1024;

/** `oci://registry/repository[:tag][@sha256:…]`, or the same after `oci:`. */
export async function fetchFromRegistry(uri: string, options: FetchOptions): Promise<string> {
  const text = uri.replace(/^oci:(\/\/)?/i, "");
  try {
    const reference = parseReference(text);
    return await pull(reference, new Registry(reference), options);
  } catch (error) {
    throw fetchError(error, `oci://${text.slice(0, 300)}`);
  }
}

async function pull(reference: Reference, registry: Registry, options: FetchOptions): Promise<string> {
  const { document } = await registry.manifest(reference.digest ?? reference.tag ?? "latest");
  if (document.kind === "index") {
    throw new OciError("manifest", `${registry} is an index of several images, not a model`, {
      remedy: "Name the manifest of the model's artifact by its digest.",
    });
  }
  const { layers } = document.manifest;
  const model = modelLayer(document.manifest, `${registry}`);
  if (model.size > options.maxBytes) {
    throw new ServingError("model-too-large", `the model in ${registry} holds ${model.size} bytes`, {
      remedy: `At most ${options.maxBytes} are taken.`,
    });
  }
  const title = model.annotations?.[titleAnnotation] ?? "model.onnx";
  const path = localPath(options.directory, title);
  const contract = layers.find((layer) => layer.annotations?.[titleAnnotation] === contractName(title));
  if (options.withContract && contract !== undefined && contract.size <= maxContractBytes) {
    await registry.saveBlob(
      contract,
      join(options.directory, contractName(path.slice(options.directory.length + 1))),
    );
  }
  if (!(await alreadyThere(path, model.digest))) await registry.saveBlob(model, path);
  return path;
}

function modelLayer({ layers }: Manifest, place: string): Descriptor {
  const titled = layers.filter((layer) =>
    layer.annotations?.[titleAnnotation]?.toLowerCase().endsWith(".onnx"),
  );
  const only = layers.length === 1 && !/\btar\b/.test(layers[0]?.mediaType ?? "") ? layers : [];
  const found = titled.length > 0 ? titled : only;
  if (found.length === 1) return found[0] as Descriptor;
  throw new OciError(
    "manifest",
    `${place} holds ${found.length === 0 ? "no layer" : `${found.length} layers`} titled *.onnx`,
    {
      remedy:
        "Push the model as an artifact: oras push registry/repository:tag model.onnx model.contract.json.",
    },
  );
}
