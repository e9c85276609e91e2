#!/usr/bin/env bash
# A pull request: checks the charts that it changes and everything a publish would refuse, but pushes nothing.
# BASE is the commit the pull request starts from.
set -euo pipefail

changed=$(chart changed --since "$BASE" charts/)
if [ -z "$changed" ]; then
  echo "no chart changed"
  exit 0
fi
# shellcheck disable=SC2086
chart lint $changed
chart publish --changed-since "$BASE" charts/ "$REGISTRY" --append-git-hash --dry-run ${CHART_FLAGS:-}
