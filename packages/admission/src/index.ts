export { type AdmissionFile, type AdmissionFiles, admissionFiles } from "./admission.ts";
export {
  type AdmissionRequest,
  type Engine,
  engines,
  includeLabel,
  type Sigstore,
  type Unchecked,
} from "./types.ts";
