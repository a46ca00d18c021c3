# Makes .venv and installs a pinned requirements file; `run` and `test` in this folder source it.

say() { printf '%s\n' "$@"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s' "$candidate"
      return 0
    fi
  done
  return 1
}

make_venv() {
  rm -rf .venv
  if command -v uv >/dev/null 2>&1; then
    uv venv --quiet --python '>=3.11' .venv && return 0
    rm -rf .venv
  fi
  local python
  python=$(find_python) ||
    fail "需要 Python 3.11 或更新的版本；装好后再试，或用 PYTHON=路径 指定。 / Python 3.11 or newer is needed."
  "$python" -m venv .venv ||
    fail "建不了 .venv；Debian 或 Ubuntu 请先安装 python3-venv。 / Could not make .venv; install python3-venv."
}

# install_into_venv REQUIREMENTS: installs the file, unless the same file was installed before.
install_into_venv() {
  local wanted stamp=".venv/installed-$1"
  .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || make_venv
  wanted=$(.venv/bin/python -V && cat requirements.txt "$1")
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return 0
  say "正在安装依赖（$1），第一次需要一两分钟…… / installing $1"
  if command -v uv >/dev/null 2>&1; then
    uv pip install --quiet --python .venv/bin/python -r "$1"
  else
    .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check -r "$1"
  fi || fail "依赖没有装好，请检查网络后再试。 / The installation failed; check the network and try again."
  # Every other file includes requirements.txt, so requirements.txt is installed now as well.
  (.venv/bin/python -V && cat requirements.txt requirements.txt) >.venv/installed-requirements.txt
  printf '%s\n' "$wanted" >"$stamp"
}
