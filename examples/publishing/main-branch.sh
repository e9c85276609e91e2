#!/usr/bin/env bash
# A push to main: publishes every chart that changed as VERSION-HASH. Running it again changes nothing: the same commit
# makes the same bytes, and what is there already is left alone.
set -euo pipefail

first=$(chart publish --changed-since "$BASE" charts/ "$REGISTRY" --append-git-hash --safe-hash ${CHART_FLAGS:-})
echo "$first"
again=$(chart publish --changed-since "$BASE" charts/ "$REGISTRY" --append-git-hash --safe-hash ${CHART_FLAGS:-})
echo "$again"
[ "$(sed 's/already published/published/' <<<"$again")" = "$first" ] || [ "$again" = "$first" ]
