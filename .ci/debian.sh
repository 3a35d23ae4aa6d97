# Sourced by newcomer and container: a bare Debian in a folder, which lends this machine's settings for pip.
# $python tells how pip is set up here. None of it is written into the project.

# The mirror that this machine uses; empty if it names none.
mirror() { apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1 || true; }

# Every suite of today is made as sid is; an older debootstrap does not know the newest by name.
bare_debian() { # FOLDER SUITE PACKAGES
  debootstrap --variant=minbase --include="$3" "$2" "$1" "$(mirror)" /usr/share/debootstrap/scripts/sid >"$1.log" 2>&1
}

# What programs in there need of this machine.
mount_into() { # FOLDER
  mount -t proc proc "$1/proc"
  mount --bind /dev "$1/dev"
  mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
  cp /etc/resolv.conf /etc/hosts "$1/etc/"
}

lend() { # a file or folder of this machine, at its own place in $root
  [ -e "$1" ] || return 0
  if [ -d "$1" ]; then mkdir -p "$root$1"; else mkdir -p "$root$(dirname "$1")" && touch "$root$1"; fi
  mount --bind "$1" "$root$1"
}
# pip's settings as variables, one a line, and the places that they name.
settings() {
  "$python" -m pip config list | "$python" -c '
import ast, sys
found = {}
for line in sys.stdin:
    name, _, value = line.strip().partition("=")
    place, _, option = name.partition(".")
    if place in ("global", "install", ":env:"):
        found["PIP_" + option.lstrip(".").upper().replace("-", "_")] = " ".join(str(ast.literal_eval(value)).split())
print("\n".join(f"{name}={value}" for name, value in found.items()))'
}
# Lends into $root what pip needs. The variables for it are in the array lent.
lend_pip() {
  mapfile -t lent < <(settings)
  for word in $(printf '%s\n' "${lent[@]#*=}"); do
    case $word in
      file:///*/simple) lend "$(dirname "${word#file://}")" ;;
      file:///*) lend "${word#file://}" ;;
      /*) lend "$word" ;;
    esac
  done
  lend /etc/ssl/certs/ca-certificates.crt
  for name in SSL_CERT_FILE http_proxy https_proxy no_proxy; do
    [ -z "${!name:-}" ] || lent+=("$name=${!name}")
  done
}
