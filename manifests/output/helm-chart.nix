/**
  Returns the derivation of a directory of manifests, as mkManifests makes it, from a Helm chart. It runs `helm
  template`, and then replaces images by references as fromScript does. The chart is a path, a derivation, or { url;
  sha256; } of an archive, which is fetched when the derivation is built.

  The result has the CRDs of the chart, and no tests. It has hooks only with `hooks = true`: to kubectl they are
  ordinary objects, and a hook that runs before a deletion would run at once.

  # Type

      helmChart :: { name; chart; values ? { }; releaseName ? name; namespace ? null; images ? { }; allow ? [ ];
        hooks ? false; args ? [ ]; pkgs; pushless; kubernetesVersion ? kubernetes; check ? true; } -> derivation
*/
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
  # name of the release in Helm
  releaseName ? name,
  # namespace of the release, and of objects whose templates have none. Without it, Helm gets "default", and kubectl
  # decides the namespace of such objects (`kubectl apply -n`)
  namespace ? null,
  # { "ghcr.io/x/y:1" = <derivation, store path or reference>; }
  images ? { },
  # list of patterns of images that may stay: [ "docker.io/library/*" ]
  allow ? [ ],
  # whether the result has the chart's hooks, as ordinary objects
  hooks ? false,
  # further arguments of `helm template`: [ "--api-versions" "monitoring.coreos.com/v1" ]
  args ? [ ],
  # nixpkgs, or a set that has coreutils and kubernetes-helm
  pkgs,
  # package of pushless: pkgs.callPackage ./nix/package.nix { }
  pushless,
  # version of Kubernetes that the chart gets, such as "1.34"
  kubernetesVersion ? kubernetes,
  # whether the result is checked as mkManifests checks its objects
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
