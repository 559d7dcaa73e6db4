#!/usr/bin/env bash
# What a machine wants before the first run. Called by the Makefile:
#   machine.sh venv app|dev   a virtual environment from pinned, hashed requirements
#   machine.sh chromium       Debian's Chromium for the browser journeys
#   machine.sh pins           new pins from pyproject.toml
# It installs Debian packages only as root; otherwise it stops with the one command to run.
set -euo pipefail
cd "$(dirname "$0")/.."

debian_packages() { # install them if this machine lets us, else say how
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  else
    echo "Missing on this machine: $*. Please run once:  sudo apt-get install -y $*" >&2
    exit 1
  fi
}

python() { # the newest Python from 3.11 on
  local name
  for name in python3.14 python3.13 python3.12 python3.11 python3; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$name"; return
    fi
  done
  echo "Outreach runs on Python 3.11 or newer, and none was found here." >&2
  exit 1
}

case "${1:-}" in
  venv)
    if [ ! -x .venv/bin/pip ]; then
      name=$(python)
      "$name" -c 'import ensurepip, venv' 2>/dev/null || debian_packages python3-venv
      rm -rf .venv && "$name" -m venv .venv
    fi
    echo "Setting up (a few minutes the first time) ..."
    # What builds the package itself is pinned too, so nothing is fetched unhashed.
    .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r "requirements/$2.txt"
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    ;;
  chromium)
    command -v chromium >/dev/null || debian_packages chromium fonts-dejavu-core
    ;;
  pins)
    .venv/bin/pip install --quiet pip-tools
    common=(--quiet --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links
            --no-emit-trusted-host --strip-extras --no-header -c requirements/android-pins.txt)
    .venv/bin/pip-compile "${common[@]}" --extra app --extra hub --extra build \
      -o requirements/app.txt pyproject.toml
    .venv/bin/pip-compile "${common[@]}" -c requirements/app.txt --extra app --extra hub --extra build --extra dev \
      -o requirements/dev.txt pyproject.toml
    ;;
  *) echo "usage: machine.sh venv app|dev | chromium | pins" >&2; exit 2 ;;
esac
