#!/usr/bin/env bash
# Brings what Lobke needs. Does nothing, within a tenth of a second, when all is there already.
#
#   ./setup.sh          Python 3.10 and the libraries for `make start`; if possible the Dutch language model, and what
#                       makes PDF files
#   ./setup.sh dev      the same, and the libraries and Debian packages for `make test`
#   ./setup.sh model    tries again, now, to get the Dutch language model
#   ./setup.sh lock     makes the lock files again
set -eu
cd "$(dirname "$0")"

UV_VERSION=0.13.9
MODEL=nl_core_news_sm-3.4.0
MODEL_URL=https://github.com/explosion/spacy-models/releases/download/$MODEL/$MODEL-py3-none-any.whl
MODEL_FAILED=var/setup/model-failed
PDF_PACKAGES="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
PDF_FAILED=var/setup/pdf-failed
LOG=var/setup/setup.log
STAMP=.venv/lobke-stamp
UV=.tools/bin/uv

export VIRTUAL_ENV="$PWD/.venv" UV_PYTHON_DOWNLOADS=never PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '%s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

# slowly TEXT COMMAND…: runs a command with its output in the log; a terminal shows the seconds.
slowly() {
  local text=$1 started=$SECONDS status=0
  shift
  if [ -t 1 ]; then
    while printf '\r%s … %d s' "$text" $((SECONDS - started)); do sleep 1; done &
    trap "kill $! 2>/dev/null" EXIT
  else
    say "$text …"
  fi
  "$@" >"$LOG" 2>&1 </dev/null || status=$?
  if [ -t 1 ]; then
    kill $!
    wait $! 2>/dev/null || true
    trap - EXIT
    printf '\r'
  fi
  [ "$status" != 0 ] || say "$text: klaar in $((SECONDS - started)) s."
  return "$status"
}

# Ends with one sentence on why the last command failed, as far as its output tells.
explain() {
  tail -n 15 "$LOG" >&2
  if grep -qiE 'no space left|os error 28\b' "$LOG"; then
    fail "De schijf is vol. Maak ruimte vrij en probeer het opnieuw."
  elif grep -qE '(gcc|g\+\+|cc|c\+\+|clang|cargo|rustc)[`"'"'"']? ?(failed|: (command )?not found|: No such file)|Python\.h: No such file|[Nn]o (working )?(C )?compiler' "$LOG"; then
    fail "Een bibliotheek moet hier gebouwd worden en daarvoor ontbreekt een compiler: apt install build-essential"
  elif grep -qiE 'dns error|error sending request|timed out|name resolution|failed to fetch|NewConnectionError' "$LOG"; then
    fail "De bibliotheken zijn niet op te halen. Is er internet? Probeer het daarna opnieuw."
  fi
  fail "Het installeren is mislukt. Alles staat in $LOG."
}

# Prints the first Python 3.10 that really runs: a shim of pyenv may exist and fail, so each one is tried.
find_310() {
  local candidate
  for candidate in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10*/bin/python3.10 $(type -ap python3.10); do
    if "$candidate" -c 'import ctypes, sqlite3, ssl, sys; sys.exit(sys.version_info[:2] != (3, 10))' 2>/dev/null; then
      say "$candidate"
      return
    fi
  done
}

get_uv() {
  local base
  [ "$("$UV" --version 2>/dev/null | cut -d' ' -f2)" != "$UV_VERSION" ] || return 0
  for base in "$(find_310)" python3 /usr/bin/python3 ""; do
    [ -z "$base" ] || ! "$base" -c 'import ensurepip, venv' 2>/dev/null || break
  done
  [ -n "$base" ] || fail "Python mist het onderdeel venv. Installeer het eerst: apt install python3-venv"
  rm -rf .tools
  slowly "Installatieprogramma uv ophalen" make_tools "$base" || explain
}

make_tools() { "$1" -m venv .tools && .tools/bin/python -m pip install "uv==$UV_VERSION"; }

make_venv() {
  local python
  python=$(find_310)
  if [ -n "$python" ]; then
    "$UV" venv --quiet --clear --python "$python" .venv
  else
    UV_PYTHON_DOWNLOADS=automatic slowly "Python 3.10 ophalen" "$UV" venv --clear --python 3.10 .venv ||
      fail "Deze computer heeft geen Python 3.10 en ophalen lukt nu niet. Installeer Python 3.10, bijvoorbeeld met pyenv."
  fi
}

sync() { "$UV" pip sync --require-hashes --compile-bytecode "$1" && install_lobke; }
install_lobke() { "$UV" pip install --offline --no-deps --no-build-isolation --editable .; }

# get_libraries LOCKFILE: installs exactly what the lock file names, unless that has been done.
get_libraries() {
  local level=$1 now
  now=$(cat requirements.lock requirements-dev.lock pyproject.toml | sha256sum | cut -c1-64)$PWD
  # An environment with the libraries for tests is good enough for a start.
  if [ -x .venv/bin/python ] && grep -qsxF -e "requirements-dev.lock $now" -e "$level $now" "$STAMP"; then return; fi
  [ "$(df -Pm . | awk 'NR == 2 { print $4 }')" -ge "$([ -e "$STAMP" ] && say 1000 || say 4000)" ] ||
    fail "Er is te weinig ruimte op de schijf: Lobke heeft voor het installeren 4 GB nodig."
  get_uv
  rm -f "$STAMP"
  .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 10))' 2>/dev/null || make_venv
  slowly "Bibliotheken installeren" sync "$level" || explain
  say "$level $now" >"$STAMP"
}

# Gets the Dutch language model, which no package registry has. Lobke can do without it, so this never fails, and after
# a failure it waits a day before the next try.
get_model() {
  [ ! -d .venv/lib/python3.10/site-packages/nl_core_news_sm ] || return 0
  get_uv
  install_model --offline && return
  [ -z "$(find "$MODEL_FAILED" -mmin -1440 2>/dev/null)" ] || return 0
  if install_model; then
    rm -f "$MODEL_FAILED"
    say "Het Nederlandse taalmodel is geïnstalleerd."
  else
    touch "$MODEL_FAILED"
    say "Het Nederlandse taalmodel is nu niet op te halen; Lobke gebruikt woordenlijsten. Later opnieuw: ./setup.sh model"
  fi
}

install_model() {
  UV_HTTP_CONNECT_TIMEOUT=5 UV_HTTP_TIMEOUT=5 UV_HTTP_RETRIES=0 \
    timeout 60 "$UV" pip install --quiet --no-deps --no-build "$@" "$MODEL_URL" >/dev/null 2>&1
}

# Gets the Debian packages that make PDF files. Lobke can do without them, so this never fails, and after a failure it
# waits a day before the next try.
get_pdf_packages() {
  local package missing="" known
  known=$(/sbin/ldconfig -p 2>/dev/null) || known=""
  for package in $PDF_PACKAGES; do
    case $known in *"${package%-0}.so"* | *"${package%0}.so"*) ;; *) missing="$missing $package" ;; esac
  done
  [ -n "$missing" ] || return 0
  if may_install && [ -z "$(find "$PDF_FAILED" -mmin -1440 2>/dev/null)" ]; then
    # shellcheck disable=SC2086
    ! slowly "Pakketten voor PDF installeren" apt_install $missing || return 0
    touch "$PDF_FAILED"
  fi
  say "PDF maken lukt hier nog niet, al het andere wel. Nodig: apt install$missing"
}

# The browser and the servers that tests use.
get_packages() {
  local missing=""
  command -v chromium >/dev/null || missing="chromium"
  compgen -G '/usr/lib/postgresql/*/bin/pg_ctl' >/dev/null || command -v pg_ctl >/dev/null || missing="$missing postgresql"
  PATH=$PATH:/usr/sbin command -v nginx >/dev/null || missing="$missing nginx"
  command -v redis-server >/dev/null || missing="$missing redis-server"
  [ -n "$missing" ] || return 0
  may_install ||
    fail "Voor de tests ontbreekt nog iets. Installeer het eerst: apt install $missing"
  # shellcheck disable=SC2086
  slowly "Pakketten voor de tests installeren ($missing)" apt_install $missing || explain
}

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
apt_install() { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; }

lock() {
  local options=(--quiet --python .venv/bin/python --generate-hashes --no-annotate --custom-compile-command "make lock")
  "$UV" pip compile "${options[@]}" -o requirements-dev.lock requirements-dev.in
  "$UV" pip compile "${options[@]}" -c requirements-dev.lock -o requirements.lock requirements.in
}

mkdir -p var/setup
case "${1:-}" in
  "") get_libraries requirements.lock; get_pdf_packages; get_model ;;
  dev) get_packages; get_libraries requirements-dev.lock; get_pdf_packages; get_model ;;
  model) rm -f "$MODEL_FAILED"; get_libraries requirements.lock; get_model ;;
  lock) get_uv; [ -x .venv/bin/python ] || make_venv; lock ;;
  *) fail "Onbekend: $1. Kies uit: dev, model, lock." ;;
esac
