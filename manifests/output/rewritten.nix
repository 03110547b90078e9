# Manifests that a build wrote, as a directory in which images are ours: `pushless manifests rewrite` in a derivation.
let
  inherit (builtins)
    attrNames
    concatMap
    isAttrs
    isList
    isString
    listToAttrs
    map
    toJSON
    unsafeDiscardStringContext
    ;
  inherit (import ../../nix/refuse.nix) refuse;
in
{
  # who is asked, for refusals
  builder,
  # name of the directory in the store
  name,
  # of the machine that does it
  system,
  # file or directory of YAML or JSON, a derivation
  source,
  # { "ghcr.io/x/y:1" = image; }: derivations, store paths, or references
  images,
  # list of patterns
  allow,
  # package of pushless
  pushless,
  # version of Kubernetes, or null
  kubernetesVersion,
  # { image; } -> reference
  imageRef,
}:
let
  entry =
    key: image:
    if isString image && builtins.match "[^/].*" image != null then
      { reference = image; }
    else
      {
        reference = imageRef { inherit image; };
      }
      # Texts: what a derivation is made of is nothing that the manifests need.
      // (if isAttrs image && image ? outPath then { storePath = unsafeDiscardStringContext image.outPath; } else { })
      // (if isAttrs image && image ? drvPath then { derivation = unsafeDiscardStringContext image.drvPath; } else { });
  map' =
    if isAttrs images && !(images ? outPath) then
      builtins.mapAttrs entry images
    else
      refuse builder "images" images ''an attribute set, { "ghcr.io/x/y:1" = <the derivation>; }'';
  patterns =
    if isList allow && builtins.all isString allow then
      allow
    else
      refuse builder "allow" allow ''a list of patterns, such as "docker.io/library/*"'';
  # Once for each, for the shell has no lists.
  allowed = listToAttrs (
    builtins.genList (index: {
      name = "allow${toString index}";
      value = builtins.elemAt patterns index;
    }) (builtins.length patterns)
  );
in
derivation (
  allowed
  // {
    inherit name system source pushless;
    images = toJSON map';
    passAsFile = [ "images" ];
    options = concatMap (version: if version == null then [ ] else [ "--kubernetes-version=${version}" ]) [
      kubernetesVersion
    ];
    allowNames = attrNames allowed;
    builder = "/bin/sh";
    args = [
      "-euc"
      ''
        set -f
        set --
        for name in $allowNames; do
          eval "pattern=\$$name"
          set -- "$@" --allow "$pattern"
        done
        exec "$pushless/bin/pushless" manifests rewrite "$source" --images "$imagesPath" $options -o "$out" "$@"
      ''
    ];
    preferLocalBuild = true;
    allowSubstitutes = false;
  }
)
