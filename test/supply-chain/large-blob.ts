/** Pushes one file as a blob or reads it back, in a process of its own: its memory is told. Arguments: push or read,
 * reference, path, digest, size. */
import { contentOfFile } from "@ml-actions/oci";
import { openStore } from "@ml-actions/oci/open-store";

const [direction = "", reference = "", path = "", digest = "", size = ""] = process.argv.slice(2);
const peakMb = () => Math.round(process.resourceUsage().maxRSS / 1024);
const { store } = await openStore(reference);
const startMb = peakMb();
const descriptor = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size: Number(size) };
const read = async () => {
  let bytes = 0;
  for await (const chunk of store.blob(descriptor)) bytes += chunk.byteLength;
  return String(bytes);
};
const result = direction === "push" ? await store.pushBlob(descriptor, contentOfFile(path)) : await read();
console.log(JSON.stringify({ result, startMb, peakMb: peakMb() }));
