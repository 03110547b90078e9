/**
  Returns the derivation of a directory of manifests whose images are references of ours. It runs `pushless manifests
  rewrite` on manifests that a build wrote. Then `pushless manifests check` checks them as `mkManifests` checks its
  objects.
*/
let
  inherit (builtins)
    attrNames
    concatMap
    fromJSON
    head
    isAttrs
    isBool
    isList
    isPath
    isString
    listToAttrs
    map
    match
    pathExists
    toJSON
    unsafeDiscardStringContext
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/name.nix) checkLabel;
  readText = import ../../nix/read-text.nix;

  # "v1.34.2" -> "1.34", where there is a schema of that version, else the default.
  checkedVersion =
    version: other:
    let
      parts = if version == null then null else match "v?([0-9]+\\.[0-9]+).*" version;
    in
    if parts != null && pathExists (../schema + "/v${head parts}.json") then head parts else other;
in
{
  # the builder that refuses
  builder,
  # name of the directory in the store
  name,
  # Nix system of the machine that builds it
  system,
  # derivation of a file or directory of YAML or JSON
  source,
  # { "ghcr.io/x/y:1" = image; }, where an image is a derivation, a store path, or a reference
  images,
  # list of patterns of images that may stay
  allow,
  # package of pushless
  pushless,
  # version of Kubernetes, or null
  kubernetesVersion,
  # whether the result is checked
  check,
  # minor version for the check, where `kubernetesVersion` has no schema. null: no check
  kubernetes,
  # CustomResourceDefinitions in the cluster, or paths of their JSON files
  schemas,
  # namespace of objects that have none, or null
  namespace ? null,
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
      # These are texts without context, since the manifests need the image and not its derivation.
      // (
        if isAttrs image && image ? outPath then
          { storePath = unsafeDiscardStringContext image.outPath; }
        else
          { }
      )
      // (
        if isAttrs image && image ? drvPath then
          { derivation = unsafeDiscardStringContext image.drvPath; }
        else
          { }
      );
  map' =
    if isPlainSet images then
      builtins.mapAttrs entry images
    else
      refuse builder "images" images ''an attribute set, { "ghcr.io/x/y:1" = <the derivation>; }'';
  patterns =
    if isList allow && builtins.all isString allow then
      allow
    else
      refuse builder "allow" allow ''a list of patterns, such as "docker.io/library/*"'';
  # Each pattern has a variable of its own, since the shell has no lists.
  allowed = listToAttrs (
    builtins.genList (index: {
      name = "allow${toString index}";
      value = builtins.elemAt patterns index;
    }) (builtins.length patterns)
  );
  checkOptions = ''--kubernetes "$checked" --schema "$definitionsPath" --no-registry'';
  checked = if kubernetes == null then null else checkedVersion kubernetesVersion kubernetes;
  checking =
    if !isBool check then
      refuse builder "check" check "true or false"
    else if !check || checked == null then
      { }
    else
      {
        inherit checked;
        definitions = toJSON {
          apiVersion = "v1";
          kind = "List";
          items = map (schema: if isPath schema then fromJSON (readText schema) else schema) schemas;
        };
      };
in
derivation (
  allowed
  // checking
  // {
    inherit
      name
      system
      source
      pushless
      ;
    images = toJSON map';
    passAsFile = [ "images" ] ++ (if checking == { } then [ ] else [ "definitions" ]);
    options =
      concatMap (option: if option.value == null then [ ] else [ "--${option.name}=${option.value}" ])
        [
          {
            name = "kubernetes-version";
            value = kubernetesVersion;
          }
          {
            name = "namespace";
            value = if namespace == null then null else checkLabel builder "namespace" namespace;
          }
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
        "$pushless/bin/pushless" manifests rewrite "$source" --images "$imagesPath" $options -o "$out" "$@"
        if [ -n "''${checked-}" ]; then
          "$pushless/bin/pushless" manifests check "$out" ${checkOptions}
        fi
      ''
    ];
    preferLocalBuild = true;
    allowSubstitutes = false;
  }
)
