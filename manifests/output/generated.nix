/**
  Returns the derivation of what a shell script writes: the text that it prints, or the directory that it makes at
  $out.
*/
let
  inherit (builtins) concatStringsSep isList map;
  inherit (import ../../nix/refuse.nix) refuse;
in
{
  # the builder that refuses
  builder,
  # name in the store
  name,
  # Nix system of the machine that runs it
  system,
  # coreutils of that system
  coreutils,
  # shell script
  script,
  # packages whose programs are on its PATH, beside coreutils
  tools,
  # further environment variables
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
