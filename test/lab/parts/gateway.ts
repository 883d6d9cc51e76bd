/** The Gateway that everybody's routes hang on, with a real Envoy behind it: Envoy Gateway. */
export const gatewayNamespace = "ml-actions-lab";
export const gatewayName = "lab";
/** Of the lab's own cluster, where this machine reaches services: an address of `clusterNetwork.services`. */
const gatewayAddress = "10.96.0.80";
export const gatewayUrl = `http://${gatewayAddress}`;
