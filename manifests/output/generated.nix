# What a shell script writes, as a file or directory of the store: what it prints, or what it makes at $out.
let
  inherit (builtins) concatStringsSep isList map;
  inherit (import ../../nix/refuse.nix) refuse;
in
{
  # who is asked, for refusals
  builder,
  # name in the store
  name,
  # of the machine that runs it
  system,
  # coreutils of that system
  coreutils,
  # shell script
  script,
  # packages whose programs are on its PATH, beside coreutils
  tools,
  # more variables of its environment
  environment ? { },
}:
let
  path =
    if isList tools then
      concatStringsSep ":" (map (package: "${package}/bin") (tools ++ [ coreutils ]))
    else
      refuse builder "tools" tools "a list of packages";
in
derivation (
  environment
  // {
    inherit
      name
      system
      coreutils
      script
      path
      ;
    passAsFile = [ "script" ] ++ environment.passAsFile or [ ];
    builder = "/bin/sh";
    args = [
      "-euc"
      ''
        export PATH="$path" HOME="$PWD"
        /bin/sh -eu "$scriptPath" > printed
        [ -e "$out" ] || mv printed "$out"
      ''
    ];
  }
)
