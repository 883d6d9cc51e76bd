/** Whether somebody keeps an object as a repository has it: what we change there would be changed back. */
import { plain } from "./error.ts";
import { groupOf } from "./kinds.ts";
import type { KubeObject } from "./types.ts";

export interface GitOps {
  tool: "Argo CD" | "Flux";
  /** What showed it: a label, an annotation, a field manager. */
  by: string;
  /** The Application, Kustomization or HelmRelease; with its namespace where that is said. */
  app?: string;
}

const argoTracking = "argocd.argoproj.io/tracking-id";
const argoInstance = "argocd.argoproj.io/instance";
/** Argo CD's own label until 3.0, and Helm's and everybody's as well: it names the Application, but proves none. */
const commonInstance = "app.kubernetes.io/instance";
const fluxKinds = ["kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"];

const managers: Readonly<Record<string, GitOps["tool"]>> = {
  "argocd-controller": "Argo CD",
  "argocd-application-controller": "Argo CD",
  "kustomize-controller": "Flux",
  "helm-controller": "Flux",
};

/** null: nobody, as far as the object shows. */
export function gitopsOf(object: KubeObject): GitOps | null {
  return argoCd(object) ?? flux(object) ?? byManager(object);
}

function argoCd(object: KubeObject): GitOps | null {
  const { annotations = {}, labels = {} } = object.metadata;
  const tracking = annotations[argoTracking];
  if (tracking !== undefined && isOf(tracking, object)) {
    return found("Argo CD", `annotation ${argoTracking}`, tracking.split(":")[0]);
  }
  const instance = labels[argoInstance];
  return instance === undefined ? null : found("Argo CD", `label ${argoInstance}`, instance);
}

/** `<app>:<group>/<kind>:<namespace>/<name>`. A copy of an object brings its annotation along; Argo CD itself passes
 * over one that names another object (docs, "Resource Tracking"). */
function isOf(tracking: string, { apiVersion, kind, metadata }: KubeObject): boolean {
  const [, groupKind, place] = tracking.split(":");
  if (groupKind === undefined || place === undefined) return true;
  return (
    groupKind === `${groupOf(apiVersion)}/${kind}` &&
    place.slice(place.indexOf("/") + 1) === metadata.name &&
    (metadata.namespace === undefined || place.startsWith(`${metadata.namespace}/`))
  );
}

function flux({ metadata }: KubeObject): GitOps | null {
  if (isLeftAlone(metadata.annotations ?? {})) return null;
  for (const kind of fluxKinds) {
    const name = metadata.labels?.[`${kind}/name`];
    const namespace = metadata.labels?.[`${kind}/namespace`];
    if (name !== undefined) {
      return found("Flux", `label ${kind}/name`, namespace === undefined ? name : `${namespace}/${name}`);
    }
  }
  return null;
}

/** Flux is told not to heal this one (docs, "Kustomization: Controlling the apply behavior of resources"). */
function isLeftAlone(annotations: Record<string, string>): boolean {
  const ssa = annotations["kustomize.toolkit.fluxcd.io/ssa"]?.toLowerCase();
  return (
    annotations["kustomize.toolkit.fluxcd.io/reconcile"]?.toLowerCase() === "disabled" ||
    ssa === "ignore" ||
    ssa === "ifnotpresent"
  );
}

function byManager({ metadata }: KubeObject): GitOps | null {
  for (const { manager } of metadata.managedFields ?? []) {
    const tool = Object.hasOwn(managers, manager) ? managers[manager] : undefined;
    if (tool === undefined || (tool === "Flux" && isLeftAlone(metadata.annotations ?? {}))) continue;
    return found(
      tool,
      `field manager ${manager}`,
      tool === "Argo CD" ? metadata.labels?.[commonInstance] : undefined,
    );
  }
  return null;
}

function found(tool: GitOps["tool"], by: string, app: string | undefined): GitOps {
  const name = plain(app ?? "", 120);
  return name === "" ? { tool, by } : { tool, by, app: name };
}
