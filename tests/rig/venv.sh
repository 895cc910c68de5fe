#!/bin/bash
# Make a virtual environment; on Debian, install python3-venv first when it is missing and we may.
set -eu
python=$1
venv=$2
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "golive needs Python 3.11 or later; $("$python" --version) is $python. Next: make PYTHON=/path/to/python3.11 ..." >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  "$(dirname "$0")/packages.sh" <(echo "ensurepip python3-venv")
fi
exec "$python" -m venv "$venv"
