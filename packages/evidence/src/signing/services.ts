/** Which Fulcio, Rekor and timestamp authority to sign with: Sigstore's SigningConfig v0.2.
 * https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto */
import { type Service, SigningConfig } from "@sigstore/protobuf-specs";
import { EvidenceError } from "../error.ts";
import { parseJson, shown } from "../read-json.ts";

export interface SigningServices {
  fulcioUrl: string;
  /** Rekor 2 vouches for no time. */
  rekor: { url: string; version: 1 | 2 } | null;
  /** The whole address that takes the request. */
  tsaUrl: string | null;
}

const mediaType = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
const remedy =
  "Give a signing configuration v0.2: `cosign signing-config create …`, or the file of the TUF repository.";
/** What @sigstore/sign speaks. */
const newest = { fulcio: 1, rekor: 2, tsa: 1 };

/**
 * @param now milliseconds since 1970: services out of their time are passed over
 * @throws EvidenceError `trusted-root`
 */
export function readSigningServices(value: unknown, now: number): SigningServices {
  const config = parsed(value);
  const fulcio = chosen(config.caUrls, newest.fulcio, now);
  const rekor = config.rekorTlogConfig === undefined ? null : chosen(config.rekorTlogUrls, newest.rekor, now);
  const tsa = config.tsaConfig === undefined ? null : chosen(config.tsaUrls, newest.tsa, now);
  if (fulcio === null)
    throw unfit("names no certificate authority that is in service and spoken to by API 1");
  const version = rekor?.majorApiVersion === 2 ? 2 : 1;
  if (tsa === null && (rekor === null || version === 2)) {
    throw unfit("names nobody who vouches for the time: neither a Rekor 1 nor a timestamp authority");
  }
  return {
    fulcioUrl: fulcio.url,
    rekor: rekor === null ? null : { url: rekor.url, version },
    tsaUrl: tsa?.url ?? null,
  };
}

/** The text of a signing configuration.
 * @throws EvidenceError `trusted-root`, `not-json` */
export function parseSigningServices(text: string, place: string, now: number): SigningServices {
  const value = parseJson(text, { place, expected: "a signing configuration of Sigstore", remedy });
  return readSigningServices(value, now);
}

function parsed(value: unknown): SigningConfig {
  if (value === null) throw unfit("is not there");
  let config: SigningConfig;
  try {
    config = SigningConfig.fromJSON(value);
  } catch (cause) {
    throw unfit("is damaged", cause);
  }
  if (config.mediaType === mediaType) return config;
  throw unfit(`has mediaType "${shown(config.mediaType)}"; expected "${mediaType}"`);
}

/** The highest version that is spoken, of these the one in service since the latest date, as the specification says. */
function chosen(services: readonly Service[], mostVersion: number, now: number): Service | null {
  const startOf = ({ validFor }: Service) => validFor?.start?.getTime() ?? 0;
  const fit = services.filter((service) => {
    const { majorApiVersion, validFor, url } = service;
    const inService =
      startOf(service) <= now && now <= (validFor?.end?.getTime() ?? Number.POSITIVE_INFINITY);
    return majorApiVersion >= 1 && majorApiVersion <= mostVersion && inService && /^https?:\/\//.test(url);
  });
  fit.sort((a, b) => b.majorApiVersion - a.majorApiVersion || startOf(b) - startOf(a));
  return fit[0] ?? null;
}

function unfit(why: string, cause?: unknown): EvidenceError {
  return new EvidenceError(
    "trusted-root",
    `The signing configuration ${why}.`,
    remedy,
    cause === undefined ? {} : { cause },
  );
}
