/**
  The package of the server, for `pkgs.callPackage ./nix/package.nix { }`. It is bundled as `npm run build` does it,
  so it starts fast and has no node_modules at run time. In an installed package (by npm, or by this file) there is
  nothing to bundle, and its dist/ is used.

  Neither `buildNpmPackage` with `npmDepsHash` nor `importNpmLock` can read our package-lock.json. Both take each
  package's address from `resolved`, which the lock leaves out on purpose (.npmrc), and `npm ci` wants the optional
  binaries of every platform. So npm itself installs the modules, in a derivation whose output hash is known
  beforehand. npm checks each package against the lock's `integrity`. Only the modules that the server needs at run
  time are installed. They are JavaScript alone, so one hash is right on every system and for every npm
  (../scripts/node-modules.sh).

  After a change of package-lock.json, this command writes the new hash here:

      node_modules/.bin/node scripts/node-modules-hash.ts --write
*/
{
  lib,
  stdenvNoCC,
  cacert,
  esbuild,
  makeWrapper,
  nodejs_24,
  # hash of node_modules as npm installs it
  nodeModulesHash ? "sha256-tl4p8MeKT/qoWKM1zdj26hQg3cS2zkJkEwNuuhDghnk=",
}:
let
  inherit (builtins)
    baseNameOf
    fromJSON
    match
    path
    pathExists
    ;
  readText = import ./read-text.nix;

  manifest = fromJSON (readText ../package.json);

  # Copies one file or directory of the repository to the store, without tests. A change elsewhere then rebuilds
  # nothing.
  part =
    name:
    path {
      name = baseNameOf name;
      path = ../. + "/${name}";
      filter = file: _: match ".*[.]tests[.]nix" (baseNameOf file) == null;
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
      mkdir lock
      cp ${part "package.json"} lock/package.json
      cp ${part "package-lock.json"} lock/package-lock.json
      export HOME=$PWD
      sh ${part "scripts/node-modules.sh"} lock $out
      runHook postBuild
    '';
    dontInstall = true;
    # A derivation with a fixed hash may refer to no store path, and patched shebangs would.
    dontFixup = true;
    impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [
      "NODE_EXTRA_CA_CERTS"
      "NPM_CONFIG_REGISTRY"
    ];
    outputHashMode = "recursive";
    outputHash = nodeModulesHash;
  };

  dist =
    if pathExists ../src then
      stdenvNoCC.mkDerivation {
        pname = "${manifest.name}-dist";
        inherit (manifest) version;
        dontUnpack = true;
        nativeBuildInputs = [ esbuild ];
        buildPhase = ''
          runHook preBuild
          # Copies: a bundle names the files that it is made of, and would name store paths.
          cp -R ${nodeModules}/node_modules node_modules
          cp -R ${part "src"} src
          cp -R ${part "manifests"} manifests
          sh ${part "scripts/bundle.sh"} $out
          runHook postBuild
        '';
        dontInstall = true;
        # The first line of main.js is for the links that npm makes. Here a wrapper runs Node.
        dontPatchShebangs = true;
        disallowedReferences = [ nodeModules ];
        passthru = { inherit nodeModules; };
      }
    else
      part "dist";

  # The manual page and completions, where the program that prints them can run.
  shellFiles =
    if stdenvNoCC.buildPlatform.canExecute stdenvNoCC.hostPlatform then
      ''
        mkdir -p $out/share/man/man1 $out/share/bash-completion/completions
        mkdir -p $out/share/zsh/site-functions $out/share/fish/vendor_completions.d
        $out/bin/pushless man >$out/share/man/man1/pushless.1
        $out/bin/pushless completion bash >$out/share/bash-completion/completions/pushless
        $out/bin/pushless completion zsh >$out/share/zsh/site-functions/_pushless
        $out/bin/pushless completion fish >$out/share/fish/vendor_completions.d/pushless.fish
      ''
    else
      "";
in
stdenvNoCC.mkDerivation {
  pname = manifest.name;
  inherit (manifest) version;
  dontUnpack = true;
  dontPatchShebangs = true;
  nativeBuildInputs = [ makeWrapper ];
  installPhase = ''
    runHook preInstall
    app=$out/lib/pushless
    mkdir -p $app $out/bin
    cp -R ${dist} $app/dist
    # `pushless manifests` evaluates the library with the caller's Nix.
    cp -R ${part "nix"} $app/nix
    cp -R ${part "manifests"} $app/manifests
    # The style and scripts of the server's pages.
    cp -R ${part "web"} $app/web
    cp ${part "package.json"} $app/package.json
    makeWrapper ${nodejs_24}/bin/node $out/bin/pushless \
      --add-flags "--disable-warning=ExperimentalWarning $app/dist/main.js"
    ${shellFiles}
    runHook postInstall
  '';
  passthru = {
    inherit dist;
  };
  meta = {
    inherit (manifest) description;
    license = lib.licenses.asl20;
    mainProgram = "pushless";
  };
}
