/** What the lab is made of: parts that are brought up on demand, each a file in `parts/`. */
import type { KubeObject } from "@ml-actions/cluster/types";
import type { GoProgramName } from "../components/go-program.ts";
import type { GoToolName } from "../components/go-tool.ts";

export type PartName = "cluster" | "registry" | "gateway" | "prometheus" | "kserve" | "knative" | "istio";

/** Every call is idempotent, and may be taken up by another process after any interruption. */
export interface Part {
  name: PartName;
  /** What it is, for people, in a few words. */
  what: string;
  /** These are up before it is brought up. */
  needs: readonly PartName[];
  /** Built before it is up, once a machine. */
  programs: readonly (GoProgramName | GoToolName)[];
  /** Resolves when it can be used. */
  up(site: Site): Promise<void>;
  /** As it is now, asked of the part itself; never rejects because it is down. */
  status(site: Site): Promise<PartStatus>;
  /** Takes it out of a cluster that goes on; the lab's own cluster takes everything with it when it ends. */
  down(site: Site): Promise<void>;
}

export interface PartStatus {
  up: boolean;
  /** Where it is reached, or what is wrong with it. */
  where: string;
}

/** A cluster with a registry, and the tools that parts are made with. */
export interface Site {
  /** Path, of an administrator. */
  kubeconfig: string;
  /** `host:port`, plain HTTP, as this machine and the cluster's nodes reach it. */
  registry: string;
  /** Of the lab, for files of parts; goes with it. */
  directory: string;
  /** The cluster is the lab's own, on this machine: cluster IPs and pods are reached from here. */
  own: boolean;
  say(text: string): void;
  /** Runs kubectl as the administrator; gives what it wrote, rejects with what it complained of. */
  kubectl(args: readonly string[], stdin?: string): Promise<string>;
  /** Server-side apply of YAML or objects, definitions of kinds first. */
  apply(manifests: string | readonly KubeObject[]): Promise<void>;
  /** Resolves when the Deployments (all of the namespace when none is named) are rolled out; rejects with what their pods say. */
  rolledOut(namespace: string, ...deployments: string[]): Promise<void>;
  /** Makes and pushes the image unless the registry has that tag; gives its reference by digest. */
  image(image: NewImage): Promise<string>;
}

export interface NewImage {
  /** `lab/envoy`. */
  repository: string;
  /** Names all that the content follows from: an image of this tag is not made again. */
  tag: string;
  /** Asked only when the image is to be made. One layer each. */
  layers(): Promise<readonly (readonly ImageFile[])[]>;
  /** Below the layers: nothing, or Node with the libraries it needs, as the serving image has it. */
  base?: "scratch" | "node";
  entrypoint: readonly string[];
  environment?: Readonly<Record<string, string>>;
  /** `65532` unless told otherwise. */
  user?: string;
  workingDirectory?: string;
}

export interface ImageFile {
  /** In the image, without the leading `/`. */
  path: string;
  /** The bytes, or the path of a file on this machine. */
  content: Uint8Array | string | { file: string };
  /** 0o644 unless told otherwise. */
  mode?: number;
}
