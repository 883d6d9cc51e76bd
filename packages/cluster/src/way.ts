/** What breaks between this process and an API server, and whether it may pass. */
import { Silent } from "./transport.ts";

export interface BrokenWay {
  why: string;
  remedy?: string;
  /** Another try may not meet it. */
  again: boolean;
  /** The request may have arrived. */
  maybeDone: boolean;
}

/** Codes of Node and OpenSSL for a certificate that is not what it must be, or a key that cannot be read. */
const badCertificate =
  /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA|ERR_OSSL_)/;
/** No byte was sent. */
const unsent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ERR_PROXY_TUNNEL",
]);

/** `reached`: this server has answered before. */
export function brokenWay(cause: unknown, reached: boolean): BrokenWay {
  const {
    code: said,
    message,
    statusCode,
  } = cause as { code?: unknown; message?: unknown; statusCode?: unknown };
  const code = typeof said === "string" ? said : "";
  const why = code !== "" && !String(message).includes(code) ? `${message} (${code})` : String(message);
  if (badCertificate.test(code)) {
    return {
      why,
      remedy:
        "Correct the certificates in the kubeconfig: certificate-authority, client-certificate, client-key, tls-server-name.",
      again: false,
      maybeDone: false,
    };
  }
  if (code === "ERR_PROXY_TUNNEL" && typeof statusCode === "number" && statusCode < 500) {
    return {
      why: `the proxy before it answered ${statusCode}`,
      remedy:
        statusCode === 407
          ? "Put user name and password into the proxy's URL: http://user:password@proxy.example:3128."
          : "Let the proxy allow this server, or list it in NO_PROXY if it is reached without.",
      again: false,
      maybeDone: false,
    };
  }
  // A request that could not even be made, because of a header or path: trying again changes nothing.
  if (code.startsWith("ERR_INVALID_") || code === "ERR_UNESCAPED_CHARACTERS") {
    return { why, again: false, maybeDone: false };
  }
  const again = code !== "ENOTFOUND" || reached;
  return { why, again, maybeDone: cause instanceof Silent || !unsent.has(code) };
}
