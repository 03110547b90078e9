# Nix systems and the platforms of OCI images (names of Go's GOARCH, variants of the OCI image index).
let
  inherit (builtins)
    attrNames
    attrValues
    concatStringsSep
    elem
    filter
    head
    isAttrs
    isString
    ;
  inherit (import ./refuse.nix) refuse;

  platforms = {
    x86_64-linux.architecture = "amd64";
    aarch64-linux.architecture = "arm64";
    armv7l-linux = {
      architecture = "arm";
      variant = "v7";
    };
    armv6l-linux = {
      architecture = "arm";
      variant = "v6";
    };
    i686-linux.architecture = "386";
    riscv64-linux.architecture = "riscv64";
    powerpc64le-linux.architecture = "ppc64le";
    s390x-linux.architecture = "s390x";
    loongarch64-linux.architecture = "loong64";
  };
  architectures = map (platform: platform.architecture) (attrValues platforms);
  # Each once, in order.
  names = attrNames (builtins.groupBy (name: name) architectures);
  list = concatStringsSep ", ";
in
{
  isArchitecture = name: elem name architectures;
  architectureNames = list names;

  # The system that builds, and the one that the result runs on: they differ when `contents` are cross-compiled.
  # null where `contents` says nothing.
  systemsOf =
    contents:
    let
      known = filter (item: isAttrs item && isString (item.system or null)) contents;
      first = head known;
    in
    if known == [ ] then
      {
        build = null;
        host = null;
      }
    else
      {
        build = first.system;
        host = first.stdenv.hostPlatform.system or first.system;
      };

  # The one that Nix runs on; unknown in pure evaluation.
  currentSystem = builtins.currentSystem or null;

  # "armv7l-linux" -> { architecture = "arm"; variant = "v7"; }
  platformOf =
    builder: system:
    platforms.${system} or (refuse builder "system" system
      "one of ${list (attrNames platforms)}, or `architecture` to be given"
    );

  # `architecture` as given, with the variant of the system if it is that system's.
  platformNamed =
    builder: system: architecture:
    if !(elem architecture architectures) then
      refuse builder "architecture" architecture "a name as in OCI image indexes: ${list names}"
    else if (platforms.${system} or { }).architecture or null == architecture then
      platforms.${system}
    else
      { inherit architecture; };
}
