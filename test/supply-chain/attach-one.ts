/** Attaches one artifact to an image, in a process of its own. Arguments: reference by digest, text. */
import { openStore } from "@ml-actions/oci/open-store";
import { attachArtifact } from "@ml-actions/oci/testing/artifacts";

const [reference = "", text = ""] = process.argv.slice(2);
const { store, digest = "" } = await openStore(reference);
const subject = await store.resolve(digest);
if (subject === null) throw new Error(`${reference} is not there`);
await attachArtifact(store, subject, text);
