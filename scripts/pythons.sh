#!/usr/bin/env bash
# Runs unit tests of pure packages and the tour on each Python from 3.12 to 3.14 that this machine has, each in an
# environment of its own below .venv; with the argument `tour` the tour alone, on the newest of them. An installation takes
# longest: only what is imported is compiled.
set -euo pipefail
cd "$(dirname "$0")/.."
tour=$([ "${1:-}" != tour ] || echo tour)
requirements=requirements.txt
[ -n "$tour" ] || requirements=requirements-dev.txt
try() {  # a Python, and where its environment belongs
  echo "${2##*/}"
  "$1" -m venv --clear "$2"
  "$2/bin/python" -m pip install --quiet --no-compile --require-hashes -r "$requirements"
  [ -n "$tour" ] || "$2/bin/python" -m pytest -n 0 tests/aion tests/domain tests/storage tests/test_help.py
  "$2/bin/python" -m aion_bot demo --tour >/dev/null
}
for minor in 14 13 12; do
  for python in "$(command -v "python3.$minor" || true)" "$HOME/.pyenv/versions/3.$minor."*/bin/python3; do
    if [ -x "$python" ] && "$python" --version >/dev/null 2>&1; then  # pyenv has shims without an interpreter
      try "$python" ".venv/python3.$minor"
      [ -z "$tour" ] || exit 0
      break
    fi
  done
done
