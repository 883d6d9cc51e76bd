/** Which npm packages a bundle holds, from the bundler's own account, and the bill of materials that says so to scanners:
 * bundled code has no folder of its own that they would find. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export interface BundledPackage {
  name: string;
  version: string;
  /** An SPDX expression, as the package states it. */
  license: string;
  /** Package URL (github.com/package-url/purl-spec, type npm). */
  purl: string;
}

/** What of webpack's statistics is read. */
export interface Stats {
  modules?: Module[];
}

interface Module {
  /** The file, without loaders; null for what webpack adds itself. */
  nameForCondition?: string | null;
  /** Those that were joined into this one. */
  modules?: Module[];
}

const MODULES = "/node_modules/";

/** Each package that a module of the bundle comes from, sorted by purl; two versions of one package are two. */
export async function bundledPackages(stats: Stats): Promise<BundledPackage[]> {
  const folders = new Set<string>();
  const collect = (modules: readonly Module[]) => {
    for (const { nameForCondition, modules: joined } of modules) {
      const folder = packageFolder(nameForCondition ?? "");
      if (folder !== null) folders.add(folder);
      collect(joined ?? []);
    }
  };
  collect(stats.modules ?? []);
  const packages = await Promise.all([...folders].map(packageAt));
  const once = new Map(packages.map((found) => [found.purl, found]));
  return [...once.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
}

/** `…/node_modules/@scope/name` of a file in it; null for our own. */
function packageFolder(file: string): string | null {
  const at = file.lastIndexOf(MODULES);
  if (at === -1) return null;
  const [first = "", second = ""] = file.slice(at + MODULES.length).split("/");
  return file.slice(0, at + MODULES.length) + (first.startsWith("@") ? `${first}/${second}` : first);
}

/** A package from its folder's manifest. */
export async function packageAt(folder: string): Promise<BundledPackage> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
    license?: unknown;
  };
  if (typeof license !== "string")
    throw new Error(`${folder}/package.json states no licence: look for it, and pin it here`);
  return { name, version, license, purl: `pkg:npm/${name.replace("@", "%40")}@${version}` };
}

/** CycloneDX 1.6 (cyclonedx.org/docs/1.6/json) without serial number and time: the same packages give the same bytes. */
export function billOfMaterials(packages: readonly BundledPackage[], version: string): string {
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: { type: "application", "bom-ref": "ml-actions-server", name: "ml-actions-server", version },
    },
    components: packages.map(({ name, version: own, license, purl }) => {
      const [scope, bare] = name.startsWith("@") ? name.split("/") : [undefined, name];
      return {
        type: "library",
        "bom-ref": purl,
        ...(scope !== undefined && { group: scope }),
        name: bare,
        version: own,
        licenses: [
          /^[A-Za-z0-9.+-]+$/.test(license) ? { license: { id: license } } : { expression: license },
        ],
        purl,
      };
    }),
    dependencies: [{ ref: "ml-actions-server", dependsOn: packages.map(({ purl }) => purl) }],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
