/** Where a release is taken from, as an input says it: a model's file, or an image that carries its evidence. */
import { filePath, text } from "@ml-actions/action-kit/fields";
import { OciError } from "@ml-actions/oci/errors";
import { parseReference } from "@ml-actions/oci/reference";

export type ReleaseSource =
  | {
      kind: "file";
      /** Absolute path of the ONNX file. */
      path: string;
    }
  | {
      kind: "image";
      /** As written: `registry/repository[:tag][@sha256:…]` or `oci:DIR[:tag][@sha256:…]`. */
      reference: string;
    };

/** Whether this text is meant as an image. `models/flights-2.onnx` is not, and neither is a name without tag and
 * digest: it could be a path as well. */
export function isImage(written: string): boolean {
  if (written.startsWith("oci:") || /@sha256:/.test(written)) return true;
  if (/\.onnx$/i.test(written)) return false;
  return referenceIn(written)?.tag !== undefined;
}

/** An existing file, or a reference that looks like one; whether there is such an image shows when it is opened. */
export const fileOrImage = () =>
  text().transform((raw, context): ReleaseSource => {
    const written = raw.trim();
    if (isImage(written)) return { kind: "image", reference: written };
    const file = filePath().safeParse(raw);
    if (file.success) return { kind: "file", path: file.data };
    const hint =
      referenceIn(written) === null ? "" : `\nIf it is an image, write its digest: ${written}@sha256:…`;
    for (const { message } of file.error.issues) {
      context.issues.push({ code: "custom", input: raw, message: `${message}${hint}` });
    }
    return { kind: "file", path: raw };
  });

function referenceIn(written: string) {
  try {
    return parseReference(written);
  } catch (error) {
    if (error instanceof OciError) return null;
    throw error;
  }
}
