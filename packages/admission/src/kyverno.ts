/** Kyverno: one ImageValidatingPolicy with one validation a requirement (Kyverno 1.18, policies.kyverno.io/v1). */
import { type EvidenceName, imageSignatureType, predicateTypes } from "@ml-actions/evidence/predicates";
import type { RequirementRule, SignerRule } from "@ml-actions/evidence/verification";
import { attestationCel } from "./attestation-cel.ts";
import { anchoredPattern } from "./pattern.ts";
import {
  type AdmissionRequest,
  type Generated,
  includeLabel,
  type KubernetesObject,
  type Unchecked,
} from "./types.ts";

const engine = "kyverno";
const type = (name: EvidenceName | "signature") =>
  name === "signature" ? imageSignatureType : predicateTypes[name];

export function kyverno(request: AdmissionRequest): Generated {
  const { policy, sigstore } = request;
  const keyless = [policy.signature, ...policy.require.map(({ trust }) => trust)].some(
    ({ kind }) => kind === "identity",
  );
  if (keyless && sigstore.kind === "trusted-root") {
    const what =
      "nothing is generated: Kyverno (1.18) verifies keyless bundles by the trusted root of a TUF repository alone, and this policy has its trusted root as a file. Give `tuf-url`, or use policy-controller";
    return { files: new Map(), unchecked: [{ engine, evidence: null, what }] };
  }
  return {
    files: new Map([["image-validating-policy.yaml", [imageValidatingPolicy(request)]]]),
    unchecked: unchecked(policy.require),
  };
}

function imageValidatingPolicy({ policy, sigstore, registries, audit }: AdmissionRequest): KubernetesObject {
  const parts: {
    name: EvidenceName | "signature";
    signer: SignerRule;
    requirement: RequirementRule | null;
  }[] = [
    { name: "signature", signer: policy.signature, requirement: null },
    ...policy.require.map((requirement) => ({
      name: requirement.evidence,
      signer: requirement.trust,
      requirement,
    })),
  ];
  return {
    apiVersion: "policies.kyverno.io/v1",
    kind: "ImageValidatingPolicy",
    metadata: { name: "ml-actions" },
    spec: {
      validationActions: [audit ? "Audit" : "Deny"],
      failurePolicy: "Fail",
      webhookConfiguration: { timeoutSeconds: 30 },
      // What is admitted is what counts; what is attached afterwards would make background reports contradict it.
      evaluation: { background: { enabled: false } },
      // A pod is looked at whatever made it.
      autogen: { podControllers: { controllers: [] } },
      matchConstraints: {
        namespaceSelector: { matchLabels: includeLabel },
        resourceRules: [
          {
            apiGroups: [""],
            apiVersions: ["v1"],
            operations: ["CREATE", "UPDATE"],
            resources: ["pods", "pods/ephemeralcontainers"],
          },
        ],
      },
      matchImageReferences: registries.map((registry) => ({ glob: `${registry}/*` })),
      validationConfigurations: { mutateDigest: true, verifyDigest: true, required: true },
      attestors: parts.map(({ name, signer }) => attestor(name, signer, sigstore)),
      attestations: parts.map(({ name }) => ({ name, intoto: { type: type(name) } })),
      validations: parts.map(({ name, requirement }) => ({
        message: message(name),
        expression: expression(name, requirement === null ? null : attestationCel(requirement)),
      })),
    },
  };
}

function attestor(name: string, signer: SignerRule, sigstore: AdmissionRequest["sigstore"]): object {
  const tuf =
    sigstore.kind === "tuf"
      ? {
          tuf: {
            mirror: sigstore.mirror,
            root: { data: Buffer.from(sigstore.firstRoot).toString("base64") },
          },
        }
      : {};
  if (signer.kind === "key") {
    // Bundles signed with a key are in no log, and Kyverno asks for an address of one all the same.
    const ctlog = { url: "https://rekor.sigstore.dev", insecureIgnoreTlog: true, insecureIgnoreSCT: true };
    return { name, cosign: { key: { data: signer.publicKey, hashAlgorithm: "sha256" }, ctlog, ...tuf } };
  }
  const { identity, issuer } = signer;
  const subject = identity.includes("*")
    ? { subjectRegExp: anchoredPattern(identity) }
    : { subject: identity };
  return { name, cosign: { keyless: { identities: [{ issuer, ...subject }] }, ...tuf } };
}

/** Verified and read in one expression: what was verified last under a predicate type is what `extractPayload` gives. */
function expression(name: string, says: string | null): string {
  const verified = `verifyAttestationSignatures(image, attestations.${name}, [attestors.${name}]) > 0`;
  const holds =
    says === null
      ? verified
      : `${verified} && cel.bind(statement, extractPayload(image, attestations.${name}), ${says})`;
  return `(images.containers + images.initContainers + images.ephemeralContainers).all(image, ${holds})`;
}

function message(name: EvidenceName | "signature"): string {
  return name === "signature"
    ? "an image is not signed as the policy asks"
    : `an image has no evidence of ${name} that is signed as the policy asks and says what it asks for`;
}

function unchecked(require: readonly RequirementRule[]): Unchecked[] {
  const of = (evidence: Unchecked["evidence"], what: string): Unchecked => ({ engine, evidence, what });
  const all = [
    of(
      null,
      "made for Kyverno 1.18; 1.19.0 does not find attestations under the fallback tag (kyverno#16678) nor accept bundles signed with a key (kyverno#17363)",
    ),
    of(
      null,
      "of several statements of one predicate type by one signer it reads the last that the registry lists, where `verify` takes the newest",
    ),
    of(
      null,
      "a statement's age counts from when it says that it was judged; when it was logged is not shown to the policy",
    ),
    of(null, "that a statement's lists and counts agree with its verdicts is not checked"),
  ];
  for (const { evidence } of require) {
    if (predicateTypes[evidence] !== predicateTypes.eval) continue;
    all.push(
      of(
        evidence,
        "shares its predicate type with eval, shadow and canary: when another of them by the same signer is listed last, the image is refused. Give each a signer of its own, or use policy-controller",
      ),
    );
  }
  return all;
}
