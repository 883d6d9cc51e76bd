/** `registry/repository[:tag][@digest]`, as the distribution specification writes it. */
import { OciError } from "./errors.ts";

export interface Reference {
  /** `ghcr.io`, `127.0.0.1:5000`; Docker Hub is `docker.io`. */
  registry: string;
  repository: string;
  tag?: string;
  /** `sha256:<hex>`; when it is there, it alone decides, whatever the tag says. */
  digest?: string;
}

/** OCI Distribution Specification 1.1, "Pulling manifests": <name> and <reference>. */
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const grammar = new RegExp(
  "^(?<registry>localhost(?::\\d{1,5})?|\\[[0-9a-f:]+\\](?::\\d{1,5})?|[a-z0-9.-]+(?:\\.[a-z0-9-]+|:\\d{1,5}))" +
    `/(?<repository>${component}(?:/${component})*)` +
    "(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?" +
    "(?:@(?<digest>sha256:[0-9a-f]{64}))?$",
);
const maxLength = 1000;

export const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** Throws `OciError` code `reference`. A registry must be named: an implied docker.io has sent private names there. */
export function parseReference(text: string): Reference {
  const groups = text.length <= maxLength ? grammar.exec(text)?.groups : undefined;
  if (groups?.registry === undefined || groups.repository === undefined) {
    throw new OciError(
      "reference",
      `${JSON.stringify(text.slice(0, 200))} is no reference: ${whyNot(text)}`,
      {
        remedy: "Write registry/repository:tag or registry/repository@sha256:<64 hex digits>.",
      },
    );
  }
  const { registry, tag, digest } = groups;
  const alone = registry === "docker.io" && !groups.repository.includes("/");
  return {
    registry,
    repository: alone ? `library/${groups.repository}` : groups.repository,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

function whyNot(text: string): string {
  if (text.length > maxLength) return `it is longer than ${maxLength} characters`;
  if (/[\s\p{Cc}]/u.test(text)) return "it holds white space";
  const [name, digest] = text.split("@");
  if (digest !== undefined && !digestPattern.test(digest))
    return "its digest is not sha256: and 64 hex digits";
  const [registry, ...rest] = (name ?? "").split("/");
  if (rest.length === 0) return "it names no registry";
  if (!/[.:]/.test(registry ?? "") && registry !== "localhost") {
    return `it begins with ${JSON.stringify(registry)}, which is no registry's host`;
  }
  if (/[A-Z]/.test(rest.join("/").split(":")[0] ?? "")) return "a repository is written in lower case";
  return "its repository or tag holds characters that are not allowed";
}
