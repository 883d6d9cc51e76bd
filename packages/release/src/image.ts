/**
 * What an image of a model gets of ours: the server and inference programs in a bundle of their own, so that no action's
 * code lies in it, and the digests of the layers that no model changes. The same sources give the same bytes anywhere.
 */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  measuredLayer,
  platforms,
  type RecordedLayers,
  runtimeEntries,
  serverEntries,
} from "@ml-actions/oci/image";
import { ncc } from "./compile.ts";
import { type BundledPackage, billOfMaterials, bundledPackages, packageAt } from "./image-packages.ts";
import type { Sources } from "./sources.ts";

const RUNTIME_LOCK = "packages/serving/runtime/package-lock.json";
const RUNTIME_PACKAGES = ["onnxruntime-node", "onnxruntime-common"];
/** Code that the bytes of a layer follow from. */
const LAYER_CODE = ["served-layers", "tar", "gzip", "names"].map(
  (name) => `packages/oci/src/image/${name}.ts`,
);

/** Writes the release tree's `image/` into `out`. `work` holds the compiled sources. */
export async function layOutImage(
  sources: Sources,
  { work, out }: { work: string; out: string },
): Promise<void> {
  const server = join(out, "server");
  const packages = await bundleServer(sources, { work, out: join(server, "bundle") });
  await rename(join(server, "bundle/licenses.txt"), join(server, "licenses.txt"));
  // ncc's says the same, and where the stubs do not look.
  await rm(join(server, "bundle/package.json"), { force: true });
  await writeFile(join(server, "package.json"), '{ "private": true, "type": "module" }\n');
  for (const name of ["server", "inference"]) {
    const stub = `import { startProgram } from "./bundle/index.js";\n\nawait startProgram("${name}");\n`;
    await writeFile(join(server, `${name}.js`), stub);
  }
  const { version } = JSON.parse(await readFile(join(sources.root, "package.json"), "utf8")) as {
    version: string;
  };
  await writeFile(join(server, "server.cdx.json"), billOfMaterials(packages, version));
  const recorded: RecordedLayers = {
    schema: "ml-actions/image-layers/v1",
    server: await measuredLayer(await serverEntries(out)),
    onnxruntime: await onnxruntimeLayers(sources.root),
  };
  await writeFile(join(out, "layers.json"), `${JSON.stringify(recorded, null, 2)}\n`);
}

async function bundleServer(
  sources: Sources,
  { work, out }: { work: string; out: string },
): Promise<BundledPackage[]> {
  const entry = join(work, "image-entry.js");
  const importOf = (path: string) => `() => import(${JSON.stringify(`./${path.replace(/\.ts$/, ".js")}`)})`;
  const { server, inference } = sources.programs;
  await writeFile(
    entry,
    `const scripts = { server: ${importOf(server)}, inference: ${importOf(inference)} };\n` +
      "export const startProgram = (name) => scripts[name]();\n",
  );
  const scratch = await mkdtemp(join(work, "stats-"));
  const stats = join(scratch, "stats.json");
  await ncc(sources.root, entry, out, ["--stats-out", stats]);
  return bundledPackages(JSON.parse(await readFile(stats, "utf8")));
}

/** What onnxruntime's layers come out as: 4 s of compressing for what changes twice a year, so it is kept in `build/`. */
async function onnxruntimeLayers(root: string): Promise<RecordedLayers["onnxruntime"]> {
  const integrities = await pinned(root);
  const hash = createHash("sha256");
  for (const path of ["package-lock.json", ...LAYER_CODE]) hash.update(await readFile(join(root, path)));
  const kept = join(root, "build/onnxruntime-layers", `${hash.digest("hex").slice(0, 16)}.json`);
  const known = await readFile(kept, "utf8").catch(() => null);
  if (known !== null) return JSON.parse(known) as RecordedLayers["onnxruntime"];
  const modules = join(root, "node_modules");
  const measured = platforms.map(async (platform) => [
    platform,
    await measuredLayer(await runtimeEntries(join(modules, "onnxruntime-node"), platform)),
  ]);
  const packages = await Promise.all(
    RUNTIME_PACKAGES.map(async (name, index) => ({
      ...(await packageAt(join(modules, name))),
      integrity: integrities[index] as string,
    })),
  );
  const layers = {
    version: packages[0]?.version as string,
    packages,
    platforms: Object.fromEntries(await Promise.all(measured)),
  };
  await mkdir(join(kept, ".."), { recursive: true });
  await writeFile(`${kept}.part`, JSON.stringify(layers));
  await rename(`${kept}.part`, kept);
  return layers;
}

/** The integrity of each of RUNTIME_PACKAGES. The layers are measured here with this checkout's packages and made on a runner with those of `runtime/`: both lock
 * files must mean the same bytes. */
async function pinned(root: string): Promise<string[]> {
  const [own, runtime] = await Promise.all(
    ["package-lock.json", RUNTIME_LOCK].map(
      async (path) => (JSON.parse(await readFile(join(root, path), "utf8")) as Lock).packages,
    ),
  );
  return RUNTIME_PACKAGES.map((name) => {
    const key = `node_modules/${name}`;
    const [here, there] = [own?.[key]?.integrity, runtime?.[key]?.integrity];
    if (here !== undefined && here === there) return here;
    throw new Error(
      `${name} is ${here} in package-lock.json and ${there} in ${RUNTIME_LOCK}: pin the same in both`,
    );
  });
}

interface Lock {
  packages: Record<string, { integrity?: string }>;
}
