import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  githubIssuer,
  type RunningSigstore,
  type SigstoreOptions,
  startSigstore,
} from "../../../../test/components/sigstore.ts";
import { EvidenceError, type EvidenceErrorCode } from "../error.ts";
import { keylessSigner } from "./keyless-signer.ts";
import { readSigningServices } from "./services.ts";
import { changed, statementBytes } from "./testing/statements.ts";
import type { Trust } from "./types.ts";
import { verifySigned } from "./verify.ts";

const workflow = "https://github.com/org/flights/.github/workflows/deliver.yml@refs/heads/main";
const hourMs = 3_600_000;

let sigstore: RunningSigstore;
let bundle: string;
let another: string;
beforeAll(async () => {
  sigstore = await startSigstore();
  bundle = await signedAt(sigstore);
  another = await signedAt(sigstore, statementBytes({ predicate: { another: true } }));
});
afterAll(() => sigstore.stop());

async function signedAt(at: RunningSigstore, bytes = statementBytes(), identity = workflow): Promise<string> {
  const services = readSigningServices(at.signingConfig, Date.now());
  const signer = await keylessSigner({
    token: async () => at.token(identity),
    services,
    trustedRoot: at.trustedRoot,
  });
  return signer.sign(bytes);
}

/** Signs at a Sigstore of its own. */
async function elsewhere(options: SigstoreOptions): Promise<{ bundle: string; trustedRoot: unknown }> {
  const other = await startSigstore(options);
  try {
    return { bundle: await signedAt(other), trustedRoot: other.trustedRoot };
  } finally {
    await other.stop();
  }
}

const trust = (changes: Partial<Trust & { kind: "identity" }> = {}): Trust => ({
  kind: "identity",
  identity: workflow,
  issuer: githubIssuer,
  trustedRoot: sigstore.trustedRoot,
  ...changes,
});

async function expectRefusal(text: string, by: Trust, code: EvidenceErrorCode, why: string): Promise<void> {
  const error = await verifySigned(text, by).then(
    () => new Error("it was believed"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof EvidenceError)) throw error;
  expect(`${error.code}: ${error.message}`).toContain(`${code}: `);
  expect(error.message).toContain(why);
  expect(error.remedy).not.toBe("");
}

describe("who signed is the one that is trusted", () => {
  it("is believed by the exact identity, and by a pattern of it", async () => {
    for (const identity of [workflow, "https://github.com/org/flights/*@refs/heads/main"]) {
      expect(await verifySigned(bundle, trust({ identity }))).toMatchObject({ signer: workflow });
    }
  });

  it("is refused when the identity only begins with it", async () => {
    const evil = await signedAt(sigstore, statementBytes(), `${workflow}.evil@refs/heads/main`);
    await expectRefusal(evil, trust(), "identity", `${workflow}.evil@refs/heads/main; expected ${workflow}.`);
  });

  it("is refused when the identity would match as a regular expression", async () => {
    await expectRefusal(bundle, trust({ identity: "https://github.com/.+" }), "identity", workflow);
  });

  it("is refused when another issuer vouches for it", async () => {
    const issuer = "https://token.actions.githubusercontent.com/";
    await expectRefusal(bundle, trust({ issuer }), "issuer", githubIssuer);
  });

  it("is refused when the certificate is of another authority", async () => {
    const { trustedRoot } = await elsewhere({});
    await expectRefusal(bundle, trust({ trustedRoot: onlyCaOf(trustedRoot) }), "certificate", "no authority");
  });

  it("is refused when the certificate is damaged", async () => {
    const text = changed(bundle, (each) => {
      each.verificationMaterial.certificate.rawBytes = "MAAA";
    });
    await expectRefusal(text, trust(), "certificate", "damaged");
  });

  it("is refused when the certificate is another signature's", async () => {
    const text = changed(bundle, (each) => {
      each.verificationMaterial.certificate = JSON.parse(another).verificationMaterial.certificate;
    });
    await expectRefusal(text, trust(), "signature", "was edited after it was signed");
  });

  it("is refused when the statement was edited", async () => {
    const text = changed(bundle, (each) => {
      each.dsseEnvelope.payload = statementBytes({ predicate: {} }).toString("base64");
    });
    await expectRefusal(text, trust(), "signature", "was edited after it was signed");
  });
});

/** This Sigstore's log and timestamp authority with another's certificate authority. */
function onlyCaOf(other: unknown): unknown {
  const { certificateAuthorities, ctlogs } = other as Record<string, unknown>;
  return { ...(sigstore.trustedRoot as object), certificateAuthorities, ctlogs };
}

describe("when it was signed is vouched for", () => {
  const hourAgo = () => new Date(Date.now() - hourMs);

  it("is refused when the certificate had expired by then", async () => {
    const late = await elsewhere({ clock: { fulcio: hourAgo() } });
    await expectRefusal(late.bundle, trust(late), "time", "with a certificate valid from");
  });

  it("is refused when the certificate was not valid yet", async () => {
    const early = await elsewhere({ clock: { fulcio: new Date(Date.now() + hourMs) } });
    await expectRefusal(early.bundle, trust(early), "time", "with a certificate valid from");
  });

  it("is the earliest of the times, as none can be earlier than the truth", async () => {
    const inAMinute = new Date(Date.now() + 60_000);
    const late = await elsewhere({ clock: { rekor: inAMinute } });
    const { signedAt } = await verifySigned(late.bundle, trust(late));
    expect(signedAt).toBeLessThan(inAMinute.getTime() - 30_000);
  });

  it("is refused without a log entry, where the trusted root names a log", async () => {
    const text = changed(bundle, (each) => {
      each.verificationMaterial.tlogEntries = [];
    });
    await expectRefusal(text, trust(), "time", "expected 1 tlog entries, got 0");
  });

  it("is refused when nobody vouches for any time", async () => {
    const logged = await elsewhere({ services: { tsa: false } });
    const text = changed(logged.bundle, (each) => {
      delete each.verificationMaterial.tlogEntries[0].inclusionPromise;
    });
    await expectRefusal(text, trust(logged), "time", "Nobody who is trusted says when");
  });

  it("is refused when the log entry or the timestamp is another signature's", async () => {
    const { tlogEntries, timestampVerificationData } = JSON.parse(another).verificationMaterial;
    const logged = changed(bundle, (each) => {
      each.verificationMaterial.tlogEntries = tlogEntries;
    });
    await expectRefusal(logged, trust(), "time", "not vouched for");
    const stamped = changed(bundle, (each) => {
      each.verificationMaterial.timestampVerificationData = timestampVerificationData;
    });
    await expectRefusal(stamped, trust(), "time", "not vouched for");
  });

  it("is refused when the log's time was edited", async () => {
    const text = changed(bundle, (each) => {
      const [entry] = each.verificationMaterial.tlogEntries;
      entry.integratedTime = String(Number(entry.integratedTime) + 60);
    });
    await expectRefusal(text, trust(), "time", "not vouched for");
  });

  it("is refused when the timestamp is damaged", async () => {
    const text = changed(bundle, (each) => {
      each.verificationMaterial.timestampVerificationData.rfc3161Timestamps[0].signedTimestamp = "MAAA";
    });
    await expectRefusal(text, trust(), "time", "");
  });
});

describe("a hostile bundle", () => {
  it("cannot keep the verifier busy with copies of one entry", async () => {
    const copied = (count: number) =>
      changed(bundle, (each) => {
        const { verificationMaterial } = each;
        const [entry] = verificationMaterial.tlogEntries;
        verificationMaterial.tlogEntries = Array(count).fill(entry);
      });
    await expectRefusal(copied(32), trust(), "time", "duplicate");
    const begun = performance.now();
    await expectRefusal(copied(5000), trust(), "not-a-bundle", "5000 log entries");
    expect(performance.now() - begun).toBeLessThan(2000);
  });

  it("is refused with an EvidenceError, or says the same, however it is damaged", async () => {
    const { statementDigest } = await verifySigned(bundle, trust());
    const damage = fc.record({
      at: fc.nat(bundle.length - 1),
      cut: fc.nat(4),
      put: fc.string({ unit: fc.constantFrom("A", "z", "/", "0", '"', "}", ","), maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ at, cut, put }) => {
        const damaged = bundle.slice(0, at) + put + bundle.slice(at + cut);
        try {
          expect((await verifySigned(damaged, trust())).statementDigest).toBe(statementDigest);
        } catch (error) {
          expect(error).toBeInstanceOf(EvidenceError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("a trusted root that is none is refused as that", () => {
  it.each([
    ["null", null, "damaged"],
    ["an empty object", {}, "no mediaType"],
    [
      "another file of Sigstore",
      { mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json" },
      "signingconfig",
    ],
    [
      "nobody named",
      { mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1" },
      "no certificate authority",
    ],
  ])("%s", async (_, trustedRoot, why) => {
    await expectRefusal(bundle, trust({ trustedRoot }), "trusted-root", why);
  });
});
