# What the scripts share: where things are kept, which versions, and how they get there. Sourced.

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

# Node.js comes as an npm package with the program inside; any npm can fetch it. An npm of its own comes
# with it: Debian's builds native parts for Debian's Node.js, whatever Node.js runs it.
install_node() {
  local arch folder
  case "$(uname -m)" in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) echo "berth needs Node.js 20 or later; there is no package of it for $(uname -m)." >&2; return 1 ;;
  esac
  mkdir -p "$berth_cache"
  folder=$(mktemp -d "$berth_cache/.node-XXXXXX")
  (cd "$folder" && npm pack --silent "node-linux-$arch@$node_version" >/dev/null &&
    tar -xzf ./*.tgz --strip-components=1 && rm ./*.tgz)
  chmod +x "$folder/bin/node"
  mkdir -p "$folder/lib/node_modules/npm"
  (cd "$folder/lib/node_modules/npm" && npm pack --silent "npm@$npm_version" >/dev/null &&
    tar -xzf ./*.tgz --strip-components=1 && rm ./*.tgz)
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$folder/bin/npm"
  chmod +x "$folder/lib/node_modules/npm/bin/npm-cli.js"
  rm -rf "$node_home"
  mv "$folder" "$node_home"
}

# Whether claudecodeui is there and works; the marker spares the second look.
find_claudecodeui() {
  [ -f "$claudecodeui/.complete" ] && return 0
  [ -d "$claudecodeui/node_modules/@cloudcli-ai/cloudcli" ] && claudecodeui_works "$claudecodeui" &&
    touch "$claudecodeui/.complete"
}

# Installed beside its final place and moved there whole, so that a broken attempt leaves nothing.
install_claudecodeui() {
  local folder headers
  mkdir -p "$(dirname "$claudecodeui")"
  folder=$(mktemp -d "$berth_cache/claudecodeui/.install-XXXXXX")
  # Native parts that are not shipped built are compiled against the headers of this very Node.js.
  headers=$(dirname "$(dirname "$BERTH_NODE")")
  if [ -d "$headers/include/node" ]; then export npm_config_nodedir=$headers; fi
  printf '{"private":true}\n' >"$folder/package.json"
  (cd "$folder" && npm install --no-fund --no-audit --loglevel=error \
    "@cloudcli-ai/cloudcli@$claudecodeui_version")
  claudecodeui_works "$folder"
  touch "$folder/.complete"
  rm -rf "$claudecodeui"
  mv "$folder" "$claudecodeui"
}

install_old_claudecodeui() {
  local folder
  folder=$(mktemp -d "$(dirname "$claudecodeui_old")/.old-XXXXXX")
  (cd "$folder" && npm pack --silent "@cloudcli-ai/cloudcli@$claudecodeui_old_version" >/dev/null &&
    tar -xzf ./*.tgz --strip-components=1 && rm ./*.tgz)
  mv "$folder" "$claudecodeui_old"
}

claudecodeui_works() {
  (cd "$1" && "$BERTH_NODE" -e \
    'new (require("better-sqlite3"))(":memory:"); require("node-pty"); require("bcrypt")') 2>/dev/null
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
