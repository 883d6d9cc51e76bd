/** Which resource is meant, as the input `resource` says it: a name, a kind and a name, or a kind and a selector. */
import { UserError } from "@ml-actions/action-kit/action";
import { closest, shown } from "@ml-actions/action-kit/wording";
import { parseSelector } from "./label-selector.ts";

/** The targets that are clusters. */
export const clusterTargets = ["deployment", "gateway", "istio", "knative", "kserve"] as const;
export type ClusterTarget = (typeof clusterTargets)[number];

/** `text`: as it is shown, and would be read again. */
export type Resource = {
  text: string;
} /** `flights`: of `local`, or of the kind that belongs to the input `target`. */ & (
  | { form: "plain"; name: string }
  /** `httproute/flights`. */
  | { form: "named"; target: ClusterTarget; name: string }
  /** `httproute -l team=search`. */
  | { form: "selected"; target: ClusterTarget; selector: string }
);

interface Kind {
  /** As people write it, and as it is shown. */
  word: string;
  /** As the API has it. */
  kind: string;
  apiVersion: string;
  /** Other ways in which kubectl knows it. */
  short: readonly string[];
  /** Known without its group. Knative's Service is not: that word is Kubernetes' own. */
  bare: readonly string[];
}

/** The one kind of object that traffic is shifted on, by target. */
export const kinds: Readonly<Record<ClusterTarget, Kind>> = {
  deployment: {
    word: "deployment",
    kind: "Deployment",
    apiVersion: "apps/v1",
    short: ["deploy"],
    bare: ["deployment", "deployments"],
  },
  gateway: {
    word: "httproute",
    kind: "HTTPRoute",
    apiVersion: "gateway.networking.k8s.io/v1",
    short: [],
    bare: ["httproute", "httproutes"],
  },
  istio: {
    word: "virtualservice",
    kind: "VirtualService",
    apiVersion: "networking.istio.io/v1",
    short: ["vs"],
    bare: ["virtualservice", "virtualservices"],
  },
  knative: {
    word: "ksvc",
    kind: "Service",
    apiVersion: "serving.knative.dev/v1",
    short: ["ksvc", "kservice", "kservices"],
    bare: [],
  },
  kserve: {
    word: "inferenceservice",
    kind: "InferenceService",
    apiVersion: "serving.kserve.io/v1beta1",
    short: ["isvc"],
    bare: ["inferenceservice", "inferenceservices"],
  },
};

const targetOfWord = new Map<string, ClusterTarget>();
for (const [target, { kind, short, bare, apiVersion }] of Object.entries(kinds) as [ClusterTarget, Kind][]) {
  const one = kind.toLowerCase();
  const [group] = apiVersion.split("/");
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
  if (plainName.test(written)) return { form: "plain", name: written, text: written };
  const [, word = "", , selector = ""] = /^(\S+)\s+(-l|--selector)(?:\s+|=)([\s\S]*)$/.exec(written) ?? [];
  if (word !== "") return selected(targetOf(word), parseSelector(selector));
  const [, kind = "", name = ""] = /^([A-Za-z][A-Za-z0-9.-]*)\/([^/]+)$/.exec(written) ?? [];
  if (kind === "") throw refused(`got ${shown(given)}`);
  const target = targetOf(kind);
  if (objectName.test(name)) return named(target, name);
  throw refused(`but ${shown(name)} is no name of an object`);
}

/** One object, of the kind that belongs to the target. */
export function named(target: ClusterTarget, name: string): Resource & { form: "named" } {
  return { form: "named", target, name, text: `${kinds[target].word}/${name}` };
}

function selected(target: ClusterTarget, selector: string): Resource {
  return { form: "selected", target, selector, text: `${kinds[target].word} -l ${selector}` };
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
