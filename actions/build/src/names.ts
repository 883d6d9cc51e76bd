/** What an image may be called, and where its base may come from: refused before anything is read or sent. */
import { text } from "@ml-actions/action-kit/fields";
import { formatReference, parseReference } from "@ml-actions/oci/reference";
import { z } from "zod";

/** A repository as the OCI distribution specification 1.1 writes it; room is left for a registry and a suffix. */
const repository = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const longestName = 128;
/** A number without leading zeros, of at most nine digits. */
const number = "(?:0|[1-9]\\d{0,8})";
const majorMinor = new RegExp(`^${number}\\.${number}$`);

const quoted = (value: string) => JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);

/** `flights`, `ml/flights`. */
export function imageName() {
  return text().transform((raw, context) => {
    if (repository.test(raw) && raw.length <= longestName) return raw;
    const lower = raw.toLowerCase();
    const hint =
      lower !== raw && repository.test(lower)
        ? `write ${quoted(lower)}`
        : "letters a to z, digits, and between them . _ - or /";
    return refuse(context, raw, `the name of an image, such as \`flights\`, got ${quoted(raw)}: ${hint}`);
  });
}

/** `1.4`, as text: YAML takes 1.10 for the number 1.1. */
export function majorMinorVersion() {
  return z
    .union([z.string(), z.number()])
    .meta({ pattern: majorMinor.source })
    .transform((raw, context) => {
      if (typeof raw === "number") {
        return refuse(context, raw, `the version in quotes ("${raw}"): without them YAML takes 1.10 for 1.1`);
      }
      if (majorMinor.test(raw)) return raw;
      const hint = /^v?\d+\.\d+\.\d+/.test(raw)
        ? ": the third part is the number of the run and comes by itself"
        : "";
      return refuse(context, raw, `\`major.minor\`, such as \`1.4\`, got ${quoted(raw)}${hint}`);
    });
}

/** `ghcr.io/octo-org` → in lower case: `github.repository_owner` may have capitals, and no expression can lower them,
 * while no repository has any. */
export function registryAddress() {
  return text().transform((raw, context) => {
    const address = raw.toLowerCase();
    try {
      const { registry, repository: path, ...rest } = parseReference(`${address}/x`);
      if (Object.keys(rest).length === 0) return formatReference({ registry, repository: path }).slice(0, -2);
    } catch {
      // Said below, in the words of this input.
    }
    const hint = /^\w+:\/\//.test(raw) ? ": leave out the scheme" : "";
    return refuse(
      context,
      raw,
      `a registry, with the owner where it has one, such as \`ghcr.io/octo-org\`, got ${quoted(raw)}${hint}`,
    );
  });
}

/** `registry/repository:tag`, `…@sha256:…`, `oci:DIR:tag` for a base in an image layout, or one of `words`. */
export function baseReference(...words: readonly string[]) {
  return text().transform((raw, context) => {
    if (words.includes(raw)) return raw;
    if (raw.startsWith("oci:") && raw.length > 4 && !/\p{Cc}/u.test(raw)) return raw;
    try {
      const parsed = parseReference(raw);
      if (parsed.tag !== undefined || parsed.digest !== undefined) return raw;
      return refuse(context, raw, `a tag or a digest behind ${quoted(raw)}: \`${raw}:<tag>\``);
    } catch (error) {
      return refuse(context, raw, `the reference of an image. ${(error as Error).message}`);
    }
  });
}

function refuse(context: z.core.$RefinementCtx, input: unknown, expected: string): never {
  context.issues.push({ code: "custom", input, message: `expected ${expected}` });
  return z.NEVER;
}
