# helmChart :: { name; chart; values ? { }; releaseName ? name; namespace ? null; images ? { };
#   allow ? [ ]; hooks ? false; args ? [ ]; pkgs; pushless; kubernetesVersion ? kubernetes; check ? true; }
#   -> derivation
#
# A Helm chart as the directory that mkManifests makes: `helm template` in a derivation, then images become references
# as fromScript has it. The chart is a path, a derivation, or { url; sha256; } of an archive, which is fetched when it
# is built. CRDs of the chart are in it; its tests aren't, nor are its hooks unless asked for: to kubectl they are
# ordinary objects, and one that runs before a deletion would run at once.
let
  inherit (builtins)
    all
    concatStringsSep
    isList
    isString
    map
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/number.nix) toExactJSON;
  inherit (import ../../nix/refuse.nix) refuse onlyKnown;
  inherit (import ../../nix/store-path.nix) toStoreFile;
  checkName = import ./check-name.nix;
  generated = import ./generated.nix;
  packages = import ./packages.nix;
  rewritten = import ./rewritten.nix;

  builder = "helmChart";

  fetch =
    chart:
    let
      checked = onlyKnown builder "argument chart" [ "url" "sha256" ] chart;
    in
    if isString (checked.url or null) && isString (checked.sha256 or null) then
      import <nix/fetchurl.nix> {
        inherit (checked) url sha256;
        name = "chart.tgz";
      }
    else
      refuse builder "chart" chart "a path, a derivation, or { url; sha256; }";

  toChart = chart: if isPlainSet chart then fetch chart else toStoreFile builder "chart" chart;

  quote = text: "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] text}'";
in
{
  # Nix system of the library
  system,
  # { image; } -> reference
  imageRef,
  # minor version of Kubernetes that the library is set to
  kubernetes,
  # CustomResourceDefinitions that the library is set to
  schemas,
}:
{
  # name of the directory in the store
  name,
  # path or derivation of a chart, directory or archive; or { url; sha256; }
  chart,
  # attribute set: the chart's values
  values ? { },
  # Helm's name of the release
  releaseName ? name,
  # namespace of the release, and of objects whose templates name none. Where there is none, Helm is told "default", and
  # objects without one are wherever kubectl is (`kubectl apply -n`)
  namespace ? null,
  # { "ghcr.io/x/y:1" = <derivation, store path or reference>; }
  images ? { },
  # list of patterns of images that may stay: [ "docker.io/library/*" ]
  allow ? [ ],
  # whether the chart's hooks are written, as ordinary objects
  hooks ? false,
  # more arguments of `helm template`: [ "--api-versions" "monitoring.coreos.com/v1" ]
  args ? [ ],
  # nixpkgs: coreutils and kubernetes-helm are used of it
  pkgs,
  # package of pushless: pkgs.callPackage ./nix/package.nix { }
  pushless,
  # version of Kubernetes that the chart is told, such as "1.34"
  kubernetesVersion ? kubernetes,
  # whether what is written is checked as mkManifests checks its objects
  check ? true,
}:
let
  used = packages builder system pkgs;
  helm = pkgs.kubernetes-helm or (throw "${builder}: pkgs.kubernetes-helm is missing");
  words = [
    "--namespace"
    (if namespace == null then "default" else namespace)
    "--include-crds"
    "--skip-tests"
  ]
  ++ (if hooks then [ ] else [ "--no-hooks" ])
  ++ (
    if kubernetesVersion == null then
      [ ]
    else
      [
        "--kube-version"
        kubernetesVersion
      ]
  )
  ++ (
    if isList args && all isString args then args else refuse builder "args" args "a list of strings"
  );
  source = generated {
    inherit builder;
    name = "${checkName builder name}-source";
    inherit (used) system coreutils;
    tools = [ helm ];
    script = ''
      helm template ${quote releaseName} "$chart" --values "$valuesPath" ${concatStringsSep " " (map quote words)}
    '';
    environment = {
      chart = toChart chart;
      values =
        if isPlainSet values then
          toExactJSON builder "values" values
        else
          refuse builder "values" values "an attribute set";
      passAsFile = [ "values" ];
    };
  };
in
rewritten {
  inherit
    builder
    name
    source
    images
    allow
    pushless
    kubernetesVersion
    imageRef
    check
    kubernetes
    schemas
    namespace
    ;
  inherit (used) system;
}
// {
  inherit source;
}
