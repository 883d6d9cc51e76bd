/** A statement to sign in tests. */
export const subjectDigest = `sha256:${"a".repeat(64)}`;

export function statementBytes(changes: Record<string, unknown> = {}): Buffer {
  return Buffer.from(
    JSON.stringify({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "flights", digest: { sha256: "a".repeat(64) } }],
      predicateType: "https://example.com/claim/v1",
      predicate: { good: true },
      ...changes,
    }),
  );
}

/** The bundle with one thing changed, as an attacker with a text editor would. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into every corner of a bundle
export function changed(bundle: string, change: (bundle: any) => void): string {
  const value = JSON.parse(bundle);
  change(value);
  return JSON.stringify(value);
}
