# Converts Nix systems to the platforms of OCI images (names of Go's GOARCH, variants of the OCI image index).
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
  # Each name once, sorted.
  names = attrNames (builtins.groupBy (name: name) architectures);
  list = concatStringsSep ", ";
in
{
  isArchitecture = name: elem name architectures;
  architectureNames = list names;

  /**
    Returns two systems: the one that builds, and the one that runs the result. They differ when `contents` are
    cross-compiled. A system is null where `contents` doesn't state it.
  */
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

  /**
    The system that Nix runs on. It is null in pure evaluation.
  */
  currentSystem = builtins.currentSystem or null;

  /**
    Converts a Nix system to a platform.

    # Example

        platformOf "armv7l-linux" => { architecture = "arm"; variant = "v7"; }
  */
  platformOf =
    builder: system:
    platforms.${system} or (refuse builder "system" system
      "one of ${list (attrNames platforms)}, or `architecture` to be given"
    );

  /**
    Returns a platform with the given architecture. It has the variant of the system if the system has that
    architecture.
  */
  platformNamed =
    builder: system: architecture:
    if !(elem architecture architectures) then
      refuse builder "architecture" architecture "a name as in OCI image indexes: ${list names}"
    else if (platforms.${system} or { }).architecture or null == architecture then
      platforms.${system}
    else
      { inherit architecture; };
}
