/** Pushes one file as a blob, in a process of its own: its memory is told. Arguments: reference, path, digest, size. */
import { contentOfFile } from "@ml-actions/oci";
import { openStore } from "@ml-actions/oci/open-store";

const [reference = "", path = "", digest = "", size = ""] = process.argv.slice(2);
const peakMb = () => Math.round(process.resourceUsage().maxRSS / 1024);
const { store } = await openStore(reference);
const startMb = peakMb();
const descriptor = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size: Number(size) };
const result = await store.pushBlob(descriptor, contentOfFile(path));
console.log(JSON.stringify({ result, startMb, peakMb: peakMb() }));
