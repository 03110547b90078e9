# The server, for `pkgs.callPackage ./nix/package.nix { }`.
#
# Neither `buildNpmPackage` with `npmDepsHash` nor `importNpmLock` can read our package-lock.json: both take each
# package's address from `resolved`, which the lock leaves out on purpose (.npmrc), and `npm ci` wants optional
# binaries of every platform in it. So npm itself installs, in a derivation whose output hash is known beforehand;
# it checks each package against the lock's `integrity`. Only what the server needs to run is installed: that is
# JavaScript alone, so one hash is right on every system.
#
# The sources run as they are, types stripped by Node (it refuses that only below node_modules), so no compiler is
# needed either.
#
# After a change of package-lock.json: set `nodeModulesHash` to lib.fakeHash, build, and copy the hash that Nix reports.
{
  lib,
  stdenvNoCC,
  cacert,
  makeWrapper,
  nodejs_24,
  # hash of node_modules as npm installs it
  nodeModulesHash ? lib.fakeHash,
}:
let
  inherit (builtins) fromJSON path readFile;

  manifest = fromJSON (readFile ../package.json);

  # One file or directory of the repository, so that a change elsewhere rebuilds nothing.
  part =
    name:
    path {
      inherit name;
      path = ../. + "/${name}";
    };

  nodeModules = stdenvNoCC.mkDerivation {
    pname = "${manifest.name}-node-modules";
    inherit (manifest) version;
    dontUnpack = true;
    nativeBuildInputs = [
      cacert
      nodejs_24
    ];
    buildPhase = ''
      runHook preBuild
      cp ${part "package.json"} package.json
      cp ${part "package-lock.json"} package-lock.json
      export HOME=$PWD
      npm install --no-save --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
      # npm's note to itself
      rm -f node_modules/.package-lock.json
      runHook postBuild
    '';
    installPhase = ''
      runHook preInstall
      cp -R node_modules $out
      runHook postInstall
    '';
    # What has its hash fixed may refer to no store path, and patched shebangs would.
    dontFixup = true;
    outputHashMode = "recursive";
    outputHash = nodeModulesHash;
  };
in
stdenvNoCC.mkDerivation {
  pname = manifest.name;
  inherit (manifest) version;
  dontUnpack = true;
  nativeBuildInputs = [ makeWrapper ];
  installPhase = ''
    runHook preInstall
    app=$out/lib/pushless
    mkdir -p $app $out/bin
    cp -R ${part "src"} $app/src
    # `pushless manifests` evaluates the library with the caller's Nix.
    cp -R ${part "nix"} $app/nix
    cp -R ${part "manifests"} $app/manifests
    cp ${part "package.json"} $app/package.json
    ln -s ${nodeModules} $app/node_modules
    makeWrapper ${nodejs_24}/bin/node $out/bin/pushless \
      --add-flags "--disable-warning=ExperimentalWarning $app/src/main.ts"
    runHook postInstall
  '';
  passthru = {
    inherit nodeModules;
  };
  meta = {
    inherit (manifest) description;
    license = lib.licenses.asl20;
    mainProgram = "pushless";
  };
}
