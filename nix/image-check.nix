# What the plain arguments of `image` may be: each checker returns what it was given, normalised, or refuses it.
let
  inherit (builtins)
    concatLists
    filter
    head
    isInt
    isList
    isString
    length
    match
    toJSON
    unsafeDiscardStringContext
    ;
  inherit (import ./refuse.nix) refuse;
  inherit (import ./store-path.nix) toStorePath;
  ociName = import ./oci-name.nix;

  builder = "image";

  # Docker takes 125 layers (src/core/layer-limit.ts); the registry adds one of its own, and users build on top.
  maxLayersLimit = 120;

  checkName =
    name:
    if ociName.isImageName name then
      name
    else
      refuse builder "name" name (
        "a name that an image reference can hold, at most ${toString ociName.maxLength} of a-z 0-9 with single . _ __ or any - between them"
        + (if isString name then ", such as \"${ociName.suggest name}\"" else "")
      );

  checkMaxLayers =
    count:
    if isInt count && count >= 1 && count <= maxLayersLimit then
      count
    else
      refuse builder "maxLayers" count "a whole number from 1 to ${toString maxLayersLimit}";

  checkContents =
    contents:
    if isList contents then
      map (toStorePath builder "an item of contents") contents
    else
      refuse builder "contents" contents "a list of derivations and store paths";

  # -> list of lists of store paths
  checkLayers =
    maxLayers: layers:
    let
      toGroup =
        group:
        if isList group && group != [ ] then
          map (toStorePath builder "an item of a layer in layers") group
        else
          refuse builder "an item of layers" group "a list of derivations and store paths that isn't empty";
      groups = map toGroup layers;
      paths = map unsafeDiscardStringContext (concatLists groups);
      twice = filter (path: length (filter (other: other == path) paths) > 1) paths;
    in
    if !isList layers then
      refuse builder "layers" layers "a list of lists of derivations and store paths"
    else if twice != [ ] then
      throw "${builder}: ${toJSON (head twice)} is twice in layers, expected once"
    else if length groups >= maxLayers then
      refuse builder "the number of layers" (length groups) "less than maxLayers, which is ${toString maxLayers}"
    else
      groups;

  checkString =
    field: value: if isString value then value else refuse builder field value "a string";

  checkCreated =
    created:
    if
      isString created
      && match "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})" created
        != null
    then
      created
    else
      refuse builder "created" created ''a time in RFC 3339, such as "2026-01-31T12:00:00Z", not "now": the image's digest would never be the same'';
in
{
  inherit
    checkContents
    checkCreated
    checkLayers
    checkMaxLayers
    checkName
    checkString
    ;
}
