/** What depends on what in an image, and how its parts are referred to. */

import type { Package, SbomInput } from "./sbom.ts";
import type { BundleBom, Dependency } from "./sbom-format.ts";
import { npmPurl } from "./sbom-identifiers.ts";

export const refs = {
  image: "image",
  model: "model",
  contract: "contract",
  profile: "profile",
  dataset: "dataset",
  base: "base",
  node: "node",
  server: "server",
};

export type Bundled = BundleBom["components"][number];

/** What the bundle names and the runtime does not: a package that is both is one component. */
export function bundled({ components }: BundleBom, runtime: readonly Package[]): Bundled[] {
  const known = new Set<string>(runtime.map(({ name, version }) => npmPurl(name, version)));
  return components.filter((component) => {
    const ref = refOf(component);
    if (known.has(ref)) return false;
    known.add(ref);
    return true;
  });
}

export const refOf = (component: Bundled): string =>
  component.purl ??
  component["bom-ref"] ??
  `bundled:${component.group ?? ""}/${component.name}@${component.version ?? ""}`;

export function dependencies({ contents, profile, evaluation }: SbomInput): Dependency[] {
  const direct = [refs.model, refs.contract, ...(profile === null ? [] : [refs.profile])];
  const graph: Dependency[] = [
    { ref: refs.model, dependsOn: evaluation?.dataset == null ? [] : [refs.dataset] },
    { ref: refs.contract },
  ];
  if (profile !== null) graph.push({ ref: refs.profile });
  if (evaluation?.dataset != null) graph.push({ ref: refs.dataset });
  if (contents !== null) {
    const runtime = contents.runtime.map(({ name, version }) => npmPurl(name, version));
    const inside = bundled(contents.server, contents.runtime).map(refOf);
    direct.push(refs.base, refs.server, ...runtime);
    graph.push(
      { ref: refs.base, dependsOn: [refs.node] },
      { ref: refs.node },
      { ref: refs.server, dependsOn: [refs.node, ...inside, ...runtime] },
      ...runtime.map((ref) => ({ ref })),
      ...inside.map((ref) => ({ ref })),
    );
  }
  return [{ ref: refs.image, dependsOn: direct }, ...graph];
}
