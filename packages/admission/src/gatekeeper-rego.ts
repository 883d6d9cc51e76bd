/** The programs of the constraint templates, in Rego v0. Fixed text: what a policy names comes in as `input.parameters`. */

/** @param name of the template, in small letters: also the package's */
export function gatekeeperRego(name: string): string {
  const rule = rules[name];
  if (rule === undefined) throw new Error(`no program for the template ${name}`);
  return `package ${name}\n\n${rule}\n${containers}`;
}

/** Every container of every pod that the object would lead to, with where it was found. */
const containers = `object := input.review.object

pod_specs[spec] {
  object.kind == "Pod"
  spec := object.spec
}

pod_specs[spec] { spec := object.spec.template.spec }

pod_specs[spec] { spec := object.spec.jobTemplate.spec.template.spec }

# A Revision of Knative has its containers where a pod has them.
pod_specs[spec] {
  object.kind == "Revision"
  spec := object.spec
}

pod_specs[spec] {
  object.kind == "InferenceService"
  spec := object.spec[inference_parts[_]]
}

pod_specs[spec] {
  object.kind == "InferenceService"
  spec := object.spec[inference_parts[_]].workerSpec
}

inference_parts := ["predictor", "transformer", "explainer"]

# What KServe makes a container of, when the service names no container.
inference_frameworks := ["model", "sklearn", "xgboost", "tensorflow", "pytorch", "triton", "onnx", "huggingface", "pmml", "lightgbm", "paddle", "art"]

found_containers[found] {
  list := ["containers", "initContainers", "ephemeralContainers"][_]
  container := pod_specs[_][list][_]
  found := {"list": list, "name": object_get(container, "name", "without a name"), "container": container}
}

found_containers[found] {
  object.kind == "InferenceService"
  framework := inference_frameworks[_]
  container := object.spec[inference_parts[_]][framework]
  found := {"list": framework, "name": framework, "container": container}
}

# KServe fills these in from its runtimes; the pods that it then makes are looked at themselves.
image_may_be_missing(found) { found.list == inference_frameworks[_] }

images[named] {
  found := found_containers[_]
  image := object_get(found.container, "image", "")
  not absent(found, image)
  named := {"name": found.name, "image": image}
}

# A modelcar: the model itself comes as an image.
images[named] {
  object.kind == "InferenceService"
  uri := object.spec.predictor[_].storageUri
  regex.match("^oci(\\\\+[a-z]+)?://", uri)
  named := {"name": "storageUri", "image": regex.replace(uri, "^oci(\\\\+[a-z]+)?://", "")}
}

absent(found, image) {
  image == ""
  image_may_be_missing(found)
}

object_get(value, key, otherwise) = got {
  got := value[key]
} else = otherwise

by_digest(image) { regex.match("@sha256:[0-9a-f]{64}$", image) }
`;

const noLatest = `violation[{"msg": msg}] {
  named := images[_]
  not by_digest(named.image)
  not has_tag(named.image)
  msg := sprintf("container %v: image %v has neither tag nor digest, so it is latest; name a version, better a digest", [named.name, named.image])
}

violation[{"msg": msg}] {
  named := images[_]
  not by_digest(named.image)
  endswith(named.image, ":latest")
  msg := sprintf("container %v: image %v is latest, which changes; name a version, better a digest", [named.name, named.image])
}

# A colon before a slash is the registry's port.
has_tag(image) { regex.match(":[A-Za-z0-9_][A-Za-z0-9_.-]*$", image) }
`;

const digest = `violation[{"msg": msg}] {
  named := images[_]
  not by_digest(named.image)
  msg := sprintf("container %v: image %v is not named by digest (…@sha256:<64 hexadecimal digits>), so it can change after it was verified", [named.name, named.image])
}
`;

const limits = `violation[{"msg": msg}] {
  found := found_containers[_]
  # Kubernetes allows ephemeral containers no resources.
  found.list != "ephemeralContainers"
  resource := ["cpu", "memory"][_]
  not is_limited(found.container, resource)
  msg := sprintf("container %v: resources.limits.%v is missing or 0", [found.name, resource])
}

is_limited(container, resource) {
  quantity := sprintf("%v", [container.resources.limits[resource]])
  regex.match("[1-9]", regex.replace(quantity, "[eE][+-]?[0-9]+$", ""))
}
`;

const registries = `violation[{"msg": msg}] {
  named := images[_]
  not from_allowed(named.image)
  msg := sprintf("container %v: image %v comes from none of the allowed registries: %v", [named.name, named.image, concat(", ", input.parameters.registries)])
}

# The slash keeps ghcr.io/octo-org-evil out of ghcr.io/octo-org.
from_allowed(image) { startswith(image, concat("", [input.parameters.registries[_], "/"])) }
`;

const rules: Readonly<Record<string, string>> = {
  mlactionsnolatest: noLatest,
  mlactionsdigest: digest,
  mlactionslimits: limits,
  mlactionsregistries: registries,
};
