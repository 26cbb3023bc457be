# Sourced. `postgres_bin`: prints the folder of PostgreSQL's server programs; fails where there is none.

postgres_bin() {
    local found
    if found=$(command -v initdb); then
        # PATH may hold links to initdb and postgres alone; pg_ctl is beside what they point to.
        dirname "$(readlink -f "$found")"
        return
    fi
    found=$(ls -d /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb 2>/dev/null | sort -V | tail -n 1)
    [ -n "$found" ] && dirname "$found"
}
