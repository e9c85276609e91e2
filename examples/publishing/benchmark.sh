#!/usr/bin/env bash
# A benchmark takes the charts of the commit it measures: an exact version, checked by its digest, rendered offline of git.
set -euo pipefail

published=$(chart publish charts/* "$REGISTRY" --append-git-hash ${CHART_FLAGS:-})
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

while read -r line; do
  ref=$(sed -E 's/.*"ref":"([^"]*)".*/\1/' <<<"$line")
  digest=$(sed -E 's/.*"manifestDigest":"([^"]*)".*/\1/' <<<"$line")
  name=$(sed -E 's/.*"name":"([^"]*)".*/\1/' <<<"$line")
  # By tag and digest: fails if the tag were ever moved.
  chart pull "oci://$ref@$digest" --untar --untardir "$folder" ${CHART_FLAGS:-}
  chart template bench "$folder/$name" >"$folder/$name.yaml"
  chart search "oci://${ref%:*}" --versions ${CHART_FLAGS:-}
done <<<"$published"
