#!/bin/bash
# Install the Debian packages named in a list ("program package" a line) whose program is missing.
# Their services are not started: tests start the programs themselves, on their own ports.
set -eu
missing=()
while read -r program package; do
  case "$program" in ''|'#'*) continue ;; esac
  command -v "$program" >/dev/null 2>&1 || PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null 2>&1 || missing+=("$package")
done < "$1"
[ ${#missing[@]} -gt 0 ] || exit 0

install="apt-get install -y --no-install-recommends ${missing[*]}"
if ! command -v apt-get >/dev/null; then
  echo "missing: ${missing[*]}. Install them with your package manager (on Debian: $install), then run make again." >&2
  exit 1
fi
if [ "$(id -u)" = 0 ]; then sudo=(); elif sudo -n true 2>/dev/null; then sudo=(sudo -n); else
  echo "missing: ${missing[*]}, and this user may not install packages. Next: sudo $install" >&2
  exit 1
fi
echo "installing Debian packages: ${missing[*]}" >&2

# A policy that forbids starts, unless the machine has a policy of its own. (Debian policy manual 9.3.3.2)
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
  "${sudo[@]}" chmod 755 "$policy"
  trap '"${sudo[@]}" rm -f "$policy"' EXIT
fi
log=$(mktemp)
if ! { "${sudo[@]}" apt-get update -q && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive $install; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "could not install ${missing[*]}; the whole log is $log. Next: sudo apt-get update && sudo $install" >&2
  exit 1
fi
rm -f "$log"
