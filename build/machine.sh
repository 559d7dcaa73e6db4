#!/usr/bin/env bash
# What a machine wants before the first run. Called by the Makefile:
#   machine.sh journeys       Debian packages for `make test`: all that is missing, asked for at once
#   machine.sh venv app|dev   a virtual environment from pinned, hashed requirements
#   machine.sh chromium       prints where Chromium is
#   machine.sh pins           new pins from pyproject.toml
# It installs Debian packages only as root; otherwise it stops with the one command to run.
set -euo pipefail
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_USER=0

debian_packages() { # install them if this machine lets us, else say how
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Debian packages: $*"
    apt-get update -qq || true # an old list may still do
    if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      -o DPkg::Lock::Timeout=120 "$@" </dev/null >/dev/null; then return; fi
  fi
  echo "Missing on this machine: $*. Please run once:  sudo apt-get install -y $*" >&2
  exit 1
}

python() { # the newest whole Python from 3.11 on; one that can make environments comes first
  local whole="sys, ctypes, sqlite3, ssl, zlib" wanted name
  for wanted in "$whole, ensurepip, pyexpat, venv" "$whole"; do
    for name in python3.14 python3.13 python3.12 python3.11 python3; do
      if "$name" -c "import $wanted; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then
        echo "$name"; return
      fi
    done
  done
  echo "Outreach runs on Python 3.11 or newer, and none was found here." >&2
  exit 1
}

missing_venv() { # Debian's package that lets this Python make environments, if it is missing
  local name
  name=$(python) || exit 1
  "$name" -c 'import ensurepip, venv' 2>/dev/null || echo "$name-venv"
}

finished() { # an environment set up to the end, in this very folder, whose Python still runs
  [ ! -e .venv/.unfinished ] && grep -qF "$(pwd -P)/.venv" .venv/bin/activate 2>/dev/null &&
    .venv/bin/python -m pip --version >/dev/null 2>&1
}

browser() { # where Chromium is; nothing printed if it is missing
  local name
  for name in ${OUTREACH_CHROMIUM:+"$OUTREACH_CHROMIUM"} chromium chromium-browser google-chrome; do
    type -P "$name" && return
  done
}

case "${1:-}" in
  journeys)
    missing=()
    finished || { name=$(missing_venv); missing+=(${name:+"$name"}); }
    [ -n "$(browser)" ] || missing+=(chromium fonts-dejavu-core)
    # Playwright's driver is linked to it.
    [ "$(uname)" != Linux ] || "$(python)" -c 'import ctypes; ctypes.CDLL("libatomic.so.1")' 2>/dev/null ||
      missing+=(libatomic1)
    [ ${#missing[@]} = 0 ] || debian_packages "${missing[@]}"
    ;;
  venv)
    if ! finished; then
      missing=$(missing_venv)
      [ -z "$missing" ] || debian_packages "$missing"
      rm -rf .venv
      mkdir .venv
      touch .venv/.unfinished
      "$(python)" -m venv .venv
    fi
    touch .venv/.unfinished # whatever interrupts us from here on, the next run begins anew
    echo "Setting up (a minute or two the first time) ..."
    # Wheels only, and what builds the package itself is pinned too: nothing is fetched without its hash.
    .venv/bin/python -m pip install --quiet --only-binary :all: --require-hashes -r "requirements/$2.txt" &&
      .venv/bin/python -m pip install --quiet --no-index --no-deps --no-build-isolation --editable . || {
      echo "Setting up did not finish: the lines above say why. Please run the same command again." >&2
      exit 1
    }
    rm .venv/.unfinished
    ;;
  chromium) browser ;;
  pins)
    .venv/bin/python -m pip install --quiet pip-tools
    common=(--quiet --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links
            --no-emit-trusted-host --strip-extras --no-header -c requirements/android-pins.txt)
    .venv/bin/pip-compile "${common[@]}" --extra app --extra hub --extra build \
      -o requirements/app.txt pyproject.toml
    .venv/bin/pip-compile "${common[@]}" -c requirements/app.txt --extra app --extra hub --extra build --extra dev \
      -o requirements/dev.txt pyproject.toml
    ;;
  *) echo "usage: machine.sh journeys | venv app|dev | chromium | pins" >&2; exit 2 ;;
esac
