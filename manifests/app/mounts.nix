# The file system of an application beside its image: storage of its own, volumes, written files, and /tmp. Each is
# given by its path, and named after the path.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    groupBy
    hashString
    head
    isList
    isPath
    isString
    length
    listToAttrs
    map
    mapAttrs
    match
    readFile
    replaceStrings
    substring
    toJSON
    ;
  repeated = import ../../nix/repeated.nix;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/number.nix) toExactJSON;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../../nix/oci-name.nix) suggest;
  configMap = import ../builders/config-map.nix;
  toClaimSpec = import ../objects/claim-spec.nix;

  # "/var/lib/Web" -> "var-lib-web", a label, and so at most 63 characters.
  slug =
    path:
    head (
      match "(.*[a-z0-9])-*" (substring 0 63 (replaceStrings [ "." "_" ] [ "-" "-" ] (suggest path)))
    );

  checkPaths =
    builder: field: expected: given:
    let
      wrong = filter (path: match "(/[^/:]+)+" path == null) (attrNames given);
    in
    if !isPlainSet given then
      refuse builder field given "an attribute set, path to ${expected}"
    else if wrong != [ ] then
      refuse builder "a path in ${field}" (head wrong) "an absolute path without / at its end and : in it"
    else
      given;

  toVolume =
    builder: path: volume:
    if isString volume then
      { persistentVolumeClaim.claimName = volume; }
    else if isPlainSet volume then
      volume
    else
      refuse builder "volumes.${toJSON path}" volume
        "the name of a PersistentVolumeClaim, or a volume such as { emptyDir = { }; }";

  toText =
    builder: path: value:
    if isString value then
      value
    else if isPath value then
      readFile value
    else if isList value || isPlainSet value then
      toExactJSON builder "files.${toJSON path}" value
    else
      refuse builder "files.${toJSON path}" value
        "text, the path of a file, or a list or an attribute set, which become JSON";

  # Refuses paths that would get the same name.
  demandDistinct =
    builder: paths: result:
    let
      named = groupBy slug paths;
      clashes = filter (name: length named.${name} > 1) (attrNames named);
    in
    if clashes == [ ] then
      result
    else
      throw (
        "${builder}: ${concatStringsSep " and " (map toJSON named.${head clashes})} would both be called "
        + "${head clashes}, expected paths that differ in their letters and digits"
      );

  bySlug =
    toValue: paths:
    listToAttrs (
      map (path: {
        name = slug path;
        value = toValue path;
      }) paths
    );
in
/**
  Returns { volumeMounts; volumes; volumeClaimTemplates; podAnnotations; configMaps; }. `configMaps` has one item at
  most.
*/
{
  # the builder that refuses
  builder,
  # name, namespace and labels of the application
  metadata,
  # attribute set: path -> size, or { storage; storageClassName; ... }
  storage,
  # attribute set: path -> volume of Kubernetes, or the name of a claim
  volumes,
  # attribute set: path -> text
  files,
  # whether / is read-only, so that /tmp must be a volume
  readOnly,
}:
let
  claims = mapAttrs (path: toClaimSpec builder "storage.${toJSON path}") (
    checkPaths builder "storage" "a size" storage
  );
  others = mapAttrs (toVolume builder) (checkPaths builder "volumes" "a volume" volumes);
  texts = mapAttrs (toText builder) (checkPaths builder "files" "a text" files);

  said = attrNames claims ++ attrNames others ++ attrNames texts;
  twice = repeated said;
  needsTmp = readOnly && !(builtins.elem "/tmp" said);
  temporary = if needsTmp then { "/tmp".emptyDir = { }; } else { };
  hasFiles = texts != { };

  configMaps =
    if hasFiles then
      [
        (configMap (
          metadata
          // {
            name = "${metadata.name}-files";
            data = bySlug (path: texts.${path}) (attrNames texts);
          }
        ))
      ]
    else
      [ ];
in
if twice != [ ] then
  throw "${builder}: ${toJSON (head twice)} is in more than one of storage, volumes and files, expected in one"
else
  demandDistinct builder
    (attrNames claims ++ attrNames (others // temporary) ++ (if hasFiles then [ "/files" ] else [ ]))
    (
      demandDistinct builder (attrNames texts) {
        inherit configMaps;
        volumeMounts =
          mapAttrs (path: _: slug path) (claims // others // temporary)
          // mapAttrs (path: _: {
            name = "files";
            subPath = slug path;
            readOnly = true;
          }) texts;
        volumes =
          bySlug (path: (others // temporary).${path}) (attrNames (others // temporary))
          // (if hasFiles then { files.configMap.name = "${metadata.name}-files"; } else { });
        volumeClaimTemplates = bySlug (path: { spec = claims.${path}; }) (attrNames claims);
        # A file that is mounted by `subPath` from a ConfigMap never changes in a running Pod. New text must make new
        # Pods.
        podAnnotations =
          if hasFiles then { "nix.internal/files" = hashString "sha256" (toJSON texts); } else { };
      }
    )
