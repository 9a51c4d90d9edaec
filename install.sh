#!/bin/sh
# Makes this machine serve vitte: ./install.sh --help tells how, --dry-run what it would do.
# All of it is in vitte/hosting, which needs Python's own library alone; this finds a Python.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if ! command -v python3 >/dev/null; then
    [ "$(id -u)" -eq 0 ] || { echo "install: only root may do this: sudo $0" >&2; exit 1; }
    case " $* " in *" --dry-run "*) echo "  would  packages python3"; exit 0 ;; esac
    export DEBIAN_FRONTEND=noninteractive
    install="apt-get --yes --quiet --no-install-recommends install python3"
    $install || { apt-get --quiet update && $install; }
fi
PYTHONPATH="$here" PYTHONDONTWRITEBYTECODE=1 exec python3 -m vitte.hosting "$@"
