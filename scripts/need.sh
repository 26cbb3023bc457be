# Sourced. `need <what> <package>...`: installs packages where this can be done without asking, else stops and says how.

need() {
    local what=$1
    shift
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "$what is missing. Install it, e.g. with: sudo apt-get install -y $*" >&2
        exit 1
    fi
    echo "$what is missing: installing $*" >&2
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >&2
}
