#!/usr/bin/env bash
# Runs unit tests of pure packages and the tour on each Python from 3.12 to 3.14 that this machine has, each in an
# environment of its own below .venv; with the argument `tour` the tour alone. An installation takes longest: only what is
# imported is compiled.
set -euo pipefail
cd "$(dirname "$0")/.."
requirements=$([ "${1:-}" = tour ] && echo requirements.txt || echo requirements-dev.txt)
for minor in 12 13 14; do
  for python in "$(command -v "python3.$minor" || true)" "$HOME/.pyenv/versions/3.$minor."*/bin/python3; do
    if [ -x "$python" ] && "$python" --version >/dev/null 2>&1; then  # pyenv has shims without an interpreter
      echo "Python 3.$minor"
      "$python" -m venv --clear ".venv/python3.$minor"
      ".venv/python3.$minor/bin/python" -m pip install --quiet --no-compile --require-hashes -r "$requirements"
      [ "${1:-}" = tour ] || ".venv/python3.$minor/bin/python" -m pytest -n 0 tests/aion tests/domain tests/storage tests/test_help.py
      ".venv/python3.$minor/bin/python" -m aion_bot demo --tour >/dev/null
      break
    fi
  done
done
