/** Which resource is meant, as the input `resource` says it: a name, a kind and a name, or a kind and a selector. */
import { UserError } from "@ml-actions/action-kit/action";
import { closest, shown } from "@ml-actions/action-kit/wording";
import { parseSelector } from "./label-selector.ts";

/** The targets that are clusters. */
export const clusterTargets = ["deployment", "gateway", "istio", "knative", "kserve"] as const;
export type ClusterTarget = (typeof clusterTargets)[number];

export type Resource =
  /** `flights`: of `local`, or of the kind that belongs to the input `target`. */
  | { form: "plain"; name: string }
  /** `httproute/flights`. */
  | { form: "named"; target: ClusterTarget; name: string }
  /** `httproute -l team=search`. */
  | { form: "selected"; target: ClusterTarget; selector: string };

interface Kind {
  /** As people write it, and as it is shown. */
  word: string;
  /** As the API has it. */
  kind: string;
  /** Other ways in which kubectl knows it. */
  short: readonly string[];
  /** Known without its group. Knative's Service is not: that word is Kubernetes' own. */
  bare: readonly string[];
  group: string;
}

/** The one kind of object that traffic is shifted on, by target. */
export const kinds: Readonly<Record<ClusterTarget, Kind>> = {
  deployment: {
    word: "deployment",
    kind: "Deployment",
    short: ["deploy"],
    bare: ["deployment", "deployments"],
    group: "apps",
  },
  gateway: {
    word: "httproute",
    kind: "HTTPRoute",
    short: [],
    bare: ["httproute", "httproutes"],
    group: "gateway.networking.k8s.io",
  },
  istio: {
    word: "virtualservice",
    kind: "VirtualService",
    short: ["vs"],
    bare: ["virtualservice", "virtualservices"],
    group: "networking.istio.io",
  },
  knative: {
    word: "ksvc",
    kind: "Service",
    short: ["ksvc", "kservice", "kservices"],
    bare: [],
    group: "serving.knative.dev",
  },
  kserve: {
    word: "inferenceservice",
    kind: "InferenceService",
    short: ["isvc"],
    bare: ["inferenceservice", "inferenceservices"],
    group: "serving.kserve.io",
  },
};

const targetOfWord = new Map<string, ClusterTarget>();
for (const [target, { kind, short, bare, group }] of Object.entries(kinds) as [ClusterTarget, Kind][]) {
  const one = kind.toLowerCase();
  for (const known of [...short, ...bare, `${one}.${group}`, `${one}s.${group}`]) {
    targetOfWord.set(known, target);
  }
}

/** A DNS label, as `local` has it in paths and names of variables. */
const plainName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** A DNS subdomain (RFC 1123), which names of objects are. */
const objectName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** @throws UserError saying what was expected, and which kinds there are */
export function parseResource(given: string): Resource {
  const written = given.trim();
  if (plainName.test(written)) return { form: "plain", name: written };
  const [, word = "", , selector = ""] = /^(\S+)\s+(-l|--selector)(?:\s+|=)([\s\S]*)$/.exec(written) ?? [];
  if (word !== "") return { form: "selected", target: targetOf(word), selector: parseSelector(selector) };
  const [, kind = "", name = ""] = /^([A-Za-z][A-Za-z0-9.-]*)\/([^/]+)$/.exec(written) ?? [];
  if (kind === "") throw refused(`got ${shown(given)}`);
  const target = targetOf(kind);
  if (objectName.test(name)) return { form: "named", target, name };
  throw refused(`but ${shown(name)} is no name of an object`);
}

/** `httproute/flights`, `flights`. */
export function resourceText(resource: Resource): string {
  if (resource.form === "plain") return resource.name;
  const { word } = kinds[resource.target];
  return resource.form === "named" ? `${word}/${resource.name}` : `${word} -l ${resource.selector}`;
}

function targetOf(word: string): ClusterTarget {
  const target = targetOfWord.get(word.toLowerCase());
  if (target !== undefined) return target;
  const known = Object.values(kinds).map((kind) => `\`${kind.word}\``);
  throw new UserError(`${shown(word)} is no kind of object that traffic is shifted on${hintFor(word)}`, {
    remedy: `Kinds are ${known.join(", ")}, and the short names that kubectl has for them.`,
  });
}

function hintFor(word: string): string {
  if (["service", "services", "svc"].includes(word.toLowerCase()))
    return ": name the Deployment behind it (`deployment/…`), or a Knative Service (`ksvc/…`)";
  const near = closest(word, [...targetOfWord.keys()]);
  return near === undefined ? "" : `; did you mean \`${near}\`?`;
}

function refused(got: string): UserError {
  return new UserError(
    "expected a name such as `flights` (lower-case letters, digits and `-`, at most 63 long), a kind and a name such as " +
      `\`httproute/flights\`, or a kind and a label selector such as \`httproute -l team=search\`, ${got}`,
    { remedy: "" },
  );
}
