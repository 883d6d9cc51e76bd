/**
 * Sigstore policy-controller: one ClusterImagePolicy a requirement. Authorities of one policy are alternatives, while all
 * policies that match an image must hold (policy-controller 0.13.1, `pkg/webhook/validator.go`).
 */
import { type EvidenceName, imageSignatureType, predicateTypes } from "@ml-actions/evidence/predicates";
import type { SignerRule } from "@ml-actions/evidence/verification";
import { attestationRego } from "./attestation-rego.ts";
import { anchoredPattern } from "./pattern.ts";
import { fulcioUrl, hasTimestamps, trustRoot, trustRootName } from "./trust-root.ts";
import type { AdmissionRequest, Generated, KubernetesObject, Unchecked } from "./types.ts";

type IdentityRule = Extract<SignerRule, { kind: "identity" }>;
type Name = EvidenceName | "signature";

const engine = "policy-controller";

export function policyController(request: AdmissionRequest): Generated {
  const { policy } = request;
  const signers = [policy.signature, ...policy.require.map(({ trust }) => trust)];
  if (signers.some(({ kind }) => kind === "key")) return nothing(withKeys);
  if (request.sigstore.kind === "trusted-root" && !hasTimestamps(request.sigstore.root)) {
    return nothing(withoutTimestamps);
  }
  const policies: KubernetesObject[] = [
    clusterImagePolicy(request, "signature", policy.signature, imageSignatureType, null),
    ...policy.require.map((requirement) =>
      clusterImagePolicy(
        request,
        requirement.evidence,
        requirement.trust,
        predicateTypes[requirement.evidence],
        attestationRego(requirement),
      ),
    ),
  ];
  const root = trustRoot(request.sigstore);
  const files = new Map<string, KubernetesObject[]>();
  if (root !== null) files.set("trust-root.yaml", [root]);
  files.set("cluster-image-policies.yaml", policies);
  return { files, unchecked: unchecked(request) };
}

const withKeys =
  "nothing is generated: policy-controller (0.13.1) reads Sigstore bundles of keyless signers only (`authority must be keyless`), and this policy trusts a key. Use Kyverno, or sign without a key";
const withoutTimestamps =
  "nothing is generated: policy-controller (0.13.1) finds no log by the keys of a TrustRoot, and this trusted root has no timestamp authority instead. Give `tuf-url`";

/** Half of a policy would look like the whole. */
function nothing(what: string): Generated {
  return { files: new Map(), unchecked: [{ engine, evidence: null, what }] };
}

function clusterImagePolicy(
  { registries, sigstore, audit }: AdmissionRequest,
  name: Name,
  signer: SignerRule,
  predicateType: string,
  rego: string | null,
): KubernetesObject {
  const root = sigstore.kind === "public" ? {} : { trustRootRef: trustRootName };
  // policy-controller 0.13.1 takes the hexadecimal text of a log's id for the id (`ConvertTransparencyLogInstance`), so no
  // entry and no SCT is ever by a log that a TrustRoot names by its key.
  const copied = sigstore.kind === "trusted-root";
  const authority = {
    name,
    signatureFormat: "bundle",
    keyless: {
      url: fulcioUrl(sigstore),
      identities: [identity(signer as IdentityRule)],
      ...root,
      ...(copied ? { insecureIgnoreSCT: true } : {}),
    },
    // Named, timestamps replace the log.
    ...(copied ? { rfc3161timestamp: root } : {}),
    attestations: [
      { name, predicateType, ...(rego === null ? {} : { policy: { type: "rego", data: rego } }) },
    ],
  };
  return {
    apiVersion: "policy.sigstore.dev/v1beta1",
    kind: "ClusterImagePolicy",
    metadata: { name: `ml-actions-${name}` },
    spec: {
      mode: audit ? "warn" : "enforce",
      images: registries.map((registry) => ({ glob: `${dockerHub(registry)}/**` })),
      authorities: [authority],
    },
  };
}

function identity({ identity: subject, issuer }: IdentityRule): object {
  return subject.includes("*") ? { issuer, subjectRegExp: anchoredPattern(subject) } : { issuer, subject };
}

/** As policy-controller writes a reference out before it compares. */
function dockerHub(registry: string): string {
  return registry.replace(/^docker\.io(?=\/|$)/, "index.docker.io");
}

function unchecked({ policy, sigstore }: AdmissionRequest): Unchecked[] {
  const of = (evidence: Unchecked["evidence"], what: string): Unchecked => ({ engine, evidence, what });
  const all = [
    of(
      null,
      "one statement that holds is enough: a newer one that says no does not hide it, as it does in `verify`. `max-age` bounds for how long",
    ),
    of(
      null,
      "a statement's age counts from when it says that it was judged; when it was logged is not shown to the policy",
    ),
    of(null, "that a statement's lists and counts agree with its verdicts is not checked"),
  ];
  if (policy.require.some(({ maxAgeMs }) => maxAgeMs !== null)) {
    all.push(of("signature", "`max-age` does not concern the image's own signature, as in `verify`"));
  }
  if (sigstore.kind === "trusted-root") {
    all.push(
      of(
        null,
        "the trusted root is copied as it is today, without the times for which its keys are valid: generate again when it changes",
      ),
      of(
        null,
        "time comes from the timestamp authority, and neither the transparency log nor the certificate's own log (SCT) is asked: policy-controller (0.13.1) finds no log by the keys of a TrustRoot. With `tuf-url` it does",
      ),
    );
  }
  return all;
}
