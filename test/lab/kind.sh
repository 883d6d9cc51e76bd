#!/usr/bin/env bash
# A cluster by kind with a registry that it pulls from, on a machine that has Docker and Go. Prints what the lab and its
# suites take it by, for `>> "$GITHUB_ENV"` or `eval "$(…)"`.
set -euo pipefail

# Its default node is Kubernetes 1.34, as the lab's own cluster.
kind_version=v0.30.0
registry_image=registry:2.8.3@sha256:a3d8aaa63ed8681a604f1dea0aa03f100d5895b6a58ace528858a7b332415373
registry=localhost:5001
kubeconfig=${1:-$PWD/build/kind.kubeconfig}

mkdir -p "$(dirname "$kubeconfig")"
kind() { go run "sigs.k8s.io/kind@$kind_version" "$@"; }

kind create cluster --name ml-actions --kubeconfig "$kubeconfig" --wait 120s --config - >&2 <<'CONFIG'
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
containerdConfigPatches:
  - |-
    [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = "/etc/containerd/certs.d"
CONFIG

# Images are named as this machine names the registry; the node finds it by its name on Docker's network.
node=ml-actions-control-plane
docker run --detach --name ml-actions-registry --network kind --publish 127.0.0.1:5001:5000 "$registry_image" >&2
docker exec "$node" mkdir -p "/etc/containerd/certs.d/$registry"
docker exec --interactive "$node" tee "/etc/containerd/certs.d/$registry/hosts.toml" >&2 <<'HOSTS'
[host."http://ml-actions-registry:5000"]
HOSTS

address=$(docker inspect --format '{{.NetworkSettings.Networks.kind.IPAddress}}' "$node")
echo "KUBECONFIG=$kubeconfig"
echo "LAB_REGISTRY=$registry"
echo "LAB_GATEWAY_URL=http://$address:30080"
