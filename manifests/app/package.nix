# Finds a package by its name in text. The meaning of a name must not change by itself: one file would deploy another
# program tomorrow. So a flake is pinned to a revision, unless `unpinned` is true.
{ system }:
let
  inherit (builtins)
    elemAt
    filter
    foldl'
    getFlake
    head
    isAttrs
    isBool
    isString
    match
    split
    toJSON
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../../nix/store-path.nix) inStore toStorePath;

  example = "github:NixOS/nixpkgs/<revision>";

  # A flake is pinned by a revision in the path or in a parameter, or by a hash of its content.
  isPinned =
    flake:
    match ".*([/?&]|[?&]rev=)[0-9a-f]{40}([/?&#].*)?" flake != null
    || match ".*[?&]narHash=sha256-.*" flake != null;

  # "python3Packages.requests" -> [ "python3Packages" "requests" ]
  stepsOf = attribute: filter (step: isString step && step != "") (split "\\." attribute);

  # The package at that place, or null where there is none.
  select =
    attribute: set:
    let
      found = foldl' (value: step: if isAttrs value && value ? ${step} then value.${step} else null) set (
        stepsOf attribute
      );
    in
    if isAttrs found && found ? outPath then found else null;

  fromFlake =
    {
      builder,
      field,
      flake,
      attribute,
      unpinned,
    }:
    let
      outputs = getFlake flake;
      found = filter (package: package != null) (
        map (select attribute) [
          (outputs.packages.${system} or { })
          (outputs.legacyPackages.${system} or { })
          outputs
        ]
      );
    in
    if !isBool unpinned then
      refuse builder "unpinned" unpinned "true or false"
    else if !unpinned && !isPinned flake then
      refuse builder field flake ''one with its revision, such as "${example}", or `unpinned` to be true''
    else if found == [ ] then
      refuse builder "package" attribute "a package of ${flake} for ${system}"
    else
      head found;
in
/**
  Returns a package, as `app` takes it.
*/
{
  # the builder that refuses
  builder,
  # "<flake>#<attribute>", "<attribute>", or a store path
  package,
  # reference of a flake, or null where the file has none
  flake,
  # whether the flake may have no revision
  unpinned,
  # attribute set of packages, or null
  packages,
}:
let
  parts = if isString package then match "([^#]+)#([^#]+)" package else null;
  fromPackages = select package packages;
in
if isAttrs package && package ? outPath then
  package
else if !isString package || package == "" then
  refuse builder "package" package
    ''"<flake>#<attribute>", an attribute beside `flake`, or a store path''
else if inStore package then
  toStorePath builder "package" package
else if parts != null && flake != null then
  throw "${builder}: package ${toJSON package} names a flake beside flake ${toJSON flake}, expected one of them"
else if parts != null then
  fromFlake {
    inherit builder unpinned;
    field = "the flake of package";
    flake = elemAt parts 0;
    attribute = elemAt parts 1;
  }
else if flake != null then
  (
    if isString flake then
      fromFlake {
        inherit builder flake unpinned;
        field = "flake";
        attribute = package;
      }
    else
      refuse builder "flake" flake ''the reference of a flake, such as "${example}"''
  )
else if packages == null then
  refuse builder "package" package ''a store path, "${example}#${package}", or `flake` beside it''
else if fromPackages == null then
  refuse builder "package" package "an attribute of packages"
else
  fromPackages
