#!/usr/bin/env bash
# A developer tries a chart from a branch: publishes the commit and renders it as a cluster would get it.
# REGISTRY is oci://HOST/PATH, CHART_FLAGS what every call needs (such as --plain-http for a local registry).
set -euo pipefail

published=$(chart publish charts/* "$REGISTRY" --append-git-hash ${CHART_FLAGS:-})
echo "$published"

while read -r line; do
  ref=$(sed -E 's/.*"ref":"([^"]*)".*/\1/' <<<"$line")
  chart template try "oci://$ref" ${CHART_FLAGS:-} >/dev/null
  chart trace "oci://$ref" ${CHART_FLAGS:-}
done <<<"$published"
