# What the scripts share: where things are kept, which versions, and how they get there. Sourced first:
# changes to the top of the checkout. `here` is where the caller was, from where these paths in the
# environment are read, and `self` the script.

here=$PWD self=$(realpath -- "$0")
for name in BERTH BERTH_CACHE BERTH_STATE; do
  if [ -n "${!name:-}" ]; then export "$name=$(realpath -ms "${!name}")"; fi
done
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

berth_cache=${BERTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/berth}
node_version=22.23.3
npm_version=10.9.9
node_home=$berth_cache/node
claudecodeui_version=1.37.3
claudecodeui=$berth_cache/claudecodeui/$claudecodeui_version
# An older version for the tests: its own code, the newer one's dependencies.
claudecodeui_old_version=1.34.0
claudecodeui_old=$claudecodeui/node_modules/@cloudcli-ai/cloudcli-$claudecodeui_old_version

say() { printf '==> %s\n' "$*"; }

# The Node.js of at least version 20: BERTH_NODE, the private one, or the one on PATH. Sets BERTH_NODE
# and puts its folder first on PATH, so that npm runs with it too.
find_node() {
  local node major
  for node in "${BERTH_NODE:-}" "$node_home/bin/node" "$(command -v node || true)"; do
    [ -x "$node" ] || continue
    if [ "$node" = "$node_home/bin/node" ] && ! [ -x "$node_home/bin/npm" ]; then continue; fi
    major=$("$node" -p 'process.versions.node.split(".")[0]')
    ((major >= 20)) || continue
    BERTH_NODE=$node
    PATH=$(dirname "$node"):$PATH
    return 0
  done
  return 1
}

# begin_install PARENT, in a subshell: waits for its turn, and makes `folder` in PARENT, which is removed
# when the subshell ends, however that is, unless it was moved to its place by then.
begin_install() {
  mkdir -p "$berth_cache" "$1"
  exec 9>"$berth_cache/.installing"
  flock -n 9 || { say "waiting for another installation into $berth_cache"; flock 9; }
  rm -rf "$1"/.install-??????  # Of attempts that were killed: nobody else has the turn.
  folder=$(mktemp -d "$1/.install-XXXXXX")
  trap 'rm -rf "$folder"' EXIT
  trap 'exit 1' HUP INT TERM
}

# end_install PLACE: moves `folder` to its place. What was there moves away before it is removed, for what
# is left of it when that is cut short might pass for the whole.
end_install() {
  local before=
  if [ -e "$1" ]; then
    before=$(mktemp -d "$(dirname "$1")/.install-XXXXXX")
    mv -T "$1" "$before"
  fi
  mv "$folder" "$1"
  folder=$before
}

# give_up WHAT NEXT: ends the script or subshell with what failed, for which npm gave the cause, and what to do.
give_up() {
  printf '%s\n' "$1; the cause stands above." "$2" >&2
  exit 1
}

# need_debian_12 OS_RELEASE PACKAGE...: ends the script, saying what is needed, unless OS_RELEASE is of Debian 12
# or of what has its packages.
need_debian_12() (
  file=$1; shift
  [ ! -r "$file" ] || . "$file"
  case " ${VERSION_CODENAME:-} ${DEBIAN_CODENAME:-} " in *" bookworm "*) exit 0 ;; esac
  echo "Packages of Debian 12 are missing, and this is ${PRETTY_NAME:-another system}: $*" >&2
  echo "Use Debian 12, in a container say. Or install what they hold, and build without this script:" >&2
  echo "cmake --preset release && cmake --build --preset release --target berth" >&2
  exit 1
)

# need_packages PACKAGE...: installs those Debian packages that are missing, or ends the script.
need_packages() {
  local package
  local -a missing=()
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  need_debian_12 /etc/os-release "${missing[@]}"
  if (($(id -u) != 0)) && ! command -v sudo >/dev/null; then
    echo "These packages are missing: ${missing[*]}" >&2
    echo "Install them as root (apt-get install ...), or run this script as root or with sudo at hand." >&2
    exit 1
  fi
  say "installing Debian packages: ${missing[*]}"
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"
}

as_root() {
  if (($(id -u) == 0)); then "$@"; else sudo "$@"; fi
}

# fetch PACKAGE FOLDER: the files of an npm package, which is not installed.
fetch() {
  mkdir -p "$2"
  (cd "$2" && npm pack --loglevel=error "$1" >/dev/null && tar -xzf ./*.tgz --strip-components=1 && rm ./*.tgz) ||
    give_up "npm cannot fetch $1" "Try again; npm's settings (proxy, registry) are those of: npm config list"
}

# Node.js comes as an npm package with the program inside; any npm can fetch it. An npm of its own comes
# with it: Debian's builds native parts for Debian's Node.js, whatever Node.js runs it.
install_node() (
  case "$(uname -m)" in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *)
      echo "berth needs Node.js 20 or later, and there is no package of it for $(uname -m): install one," >&2
      echo "and name it in BERTH_NODE if it is not on PATH." >&2
      exit 1
      ;;
  esac
  begin_install "$berth_cache"
  if find_node; then exit 0; fi  # The one that we waited for.
  fetch "node-linux-$arch@$node_version" "$folder"
  chmod +x "$folder/bin/node"
  fetch "npm@$npm_version" "$folder/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$folder/bin/npm"
  chmod +x "$folder/lib/node_modules/npm/bin/npm-cli.js"
  end_install "$node_home"
)

# Native parts are built for one ABI of Node.js.
node_abi() { "$BERTH_NODE" -p process.versions.modules; }

# Whether claudecodeui is there and works with this Node.js; the marker says with which it was seen to.
find_claudecodeui() {
  [ "$(cat "$claudecodeui/.complete" 2>/dev/null)" != "$(node_abi)" ] || return 0
  [ -d "$claudecodeui/node_modules/@cloudcli-ai/cloudcli" ] || return 1
  if claudecodeui_works "$claudecodeui" 2>/dev/null; then
    # It saves time, no more: a cache may be somebody else's.
    { node_abi >"$claudecodeui/.complete"; } 2>/dev/null || true
  else
    say "the claudecodeui in $claudecodeui does not work with Node.js $("$BERTH_NODE" --version)"
    return 1
  fi
}

# Installed beside its final place and moved there whole, so that a broken attempt leaves nothing.
install_claudecodeui() (
  begin_install "$(dirname "$claudecodeui")"
  if find_claudecodeui; then exit 0; fi  # The one that we waited for.
  # Native parts that are not shipped built are compiled against the headers of this very Node.js.
  headers=$(dirname "$(dirname "$BERTH_NODE")")
  if [ -d "$headers/include/node" ]; then export npm_config_nodedir=$headers; fi
  printf '{"private":true}\n' >"$folder/package.json"
  (cd "$folder" && npm install --no-fund --no-audit --loglevel=error \
    "@cloudcli-ai/cloudcli@$claudecodeui_version") ||
    give_up "npm cannot install claudecodeui $claudecodeui_version" \
      "It takes 1.4 GB in $berth_cache (or where BERTH_CACHE says). Without it berth can be built: script/bootstrap --build"
  claudecodeui_works "$folder" ||
    give_up "claudecodeui $claudecodeui_version was installed, but does not work with $BERTH_NODE" \
      "Try another Node.js: set BERTH_NODE. Without claudecodeui berth can be built: script/bootstrap --build"
  node_abi >"$folder/.complete"
  end_install "$claudecodeui"
)

install_old_claudecodeui() (
  begin_install "$(dirname "$claudecodeui_old")"
  if [ -d "$claudecodeui_old" ]; then exit 0; fi
  fetch "@cloudcli-ai/cloudcli@$claudecodeui_old_version" "$folder"
  end_install "$claudecodeui_old"
)

claudecodeui_works() {
  (cd "$1" && "$BERTH_NODE" -e \
    'new (require("better-sqlite3"))(":memory:"); require("node-pty"); require("bcrypt")')
}

# build_preset PRESET [TARGET...]: configures and builds; builds of one folder take turns.
build_preset() {
  local preset=$1; shift
  mkdir -p build
  # shellcheck disable=SC2016
  flock "build/.lock-$preset" sh -c '
    preset=$1; shift
    cmake --preset "$preset" >"build/$preset-configure.log" || { cat "build/$preset-configure.log"; exit 1; }
    cmake --build --preset "$preset" -- "$@"' build "$preset" "$@"
}
