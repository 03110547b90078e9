/**
  Returns the registry's program for its image (./image.nix), for `pkgs.callPackage ./manifests/registry/program.nix {
  }`.
*/
{
  stdenvNoCC,
  callPackage,
  patchelf,
  nodejs_24,
  pkgsStatic,
  # the package of nix/package.nix
  pushless ? callPackage ../../nix/package.nix { },
}:
let
  inherit (builtins) path;
in
stdenvNoCC.mkDerivation {
  pname = "pushless-program";
  inherit (pushless) version;
  dontUnpack = true;
  # The libraries are at their paths in the image, and not in the store.
  dontFixup = true;
  nativeBuildInputs = [ patchelf ];
  node = "${nodejs_24}/bin/node";
  busybox = "${pkgsStatic.busybox}/bin/busybox";
  app = "${pushless}/lib/pushless";
  main = "dist/main.js";
  script = path {
    name = "program.sh";
    path = ./program.sh;
  };
  installPhase = ''
    runHook preInstall
    sh $script
    runHook postInstall
  '';
}
