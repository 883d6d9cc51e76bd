/** Where deploy takes its candidate from. Beside images and files: what KServe loads by itself, a model at an address or
 * the InferenceService's file that names one. */
import { filePath, text } from "@ml-actions/action-kit/fields";
import { fileOrImage, type ReleaseSource } from "../../release-source.ts";

export type CandidateSource =
  | ReleaseSource
  | {
      kind: "model";
      /** `s3://models/flights/1.2/`. */
      storageUri: string;
      /** Of the model's file: `sha256:<hex>`. */
      digest: string;
    }
  | {
      kind: "spec";
      /** Absolute path of an InferenceService's YAML. */
      path: string;
    };

const address = /^[a-z][a-z0-9+.-]*:\/\//;
const addressed = /^([a-z][a-z0-9+.-]*:\/\/[^\s@]+)@(sha256:[0-9a-f]{64})$/;

/** Whether KServe alone can run it. */
export const isForKserve = ({ kind }: CandidateSource): boolean => kind === "model" || kind === "spec";

export const candidateSource = () =>
  text().transform((raw, context): CandidateSource => {
    const written = raw.trim();
    const fail = (messages: readonly string[]): CandidateSource => {
      for (const message of messages) context.issues.push({ code: "custom", input: raw, message });
      return { kind: "file", path: raw };
    };
    if (address.test(written)) {
      const [, storageUri, digest] = addressed.exec(written) ?? [];
      if (storageUri !== undefined && digest !== undefined) return { kind: "model", storageUri, digest };
      return fail([
        `expected a model's address with the digest of its file, such as s3://models/flights/1.2/@sha256:<64 hex>, found ${JSON.stringify(written.slice(0, 200))}`,
      ]);
    }
    const isSpec = /\.ya?ml$/i.test(written) && !written.startsWith("oci:");
    const parsed = isSpec ? filePath().safeParse(raw) : fileOrImage().safeParse(raw);
    if (!parsed.success) return fail(parsed.error.issues.map(({ message }) => message));
    return typeof parsed.data === "string" ? { kind: "spec", path: parsed.data } : parsed.data;
  });
