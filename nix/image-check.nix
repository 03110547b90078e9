# Checks the plain arguments of `image`. Each checker returns the argument, normalised, or refuses it.
let
  inherit (builtins)
    all
    attrNames
    attrValues
    baseNameOf
    concatLists
    elem
    getContext
    head
    isAttrs
    isInt
    isList
    isPath
    isString
    length
    pathExists
    seq
    toJSON
    unsafeDiscardStringContext
    ;
  repeated = import ./repeated.nix;
  inherit (import ./refuse.nix) refuse;
  inherit (import ./store-path.nix) toStorePath;
  inherit (import ./time.nix) isTime;
  ociName = import ./oci-name.nix;

  builder = "image";

  # Docker accepts 125 layers (src/core/oci/layer-limit.ts). The registry adds one, and users build upon the image.
  maxLayersLimit = 120;

  checkName =
    name:
    if ociName.isImageName name then
      name
    else
      refuse builder "name" name (
        (
          "a name that an image reference can hold, at most ${toString ociName.maxLength} of a-z 0-9 with "
          + "single . _ __ or any - between them"
        )
        + (if isString name then ", such as \"${ociName.suggest name}\"" else "")
      );

  checkMaxLayers =
    count:
    if isInt count && count >= 1 && count <= maxLayersLimit then
      count
    else
      refuse builder "maxLayers" count "a whole number from 1 to ${toString maxLayersLimit}";

  # Tells whether an item is certainly a file, before anything is built. It knows a path of this machine, the result
  # of `builtins.toFile`, a derivation with the hash of a file (`fetchurl`), and nixpkgs' `writeText` without a
  # destination. The registry reports the files among other derivations.
  isFile =
    item:
    if isAttrs item then
      (item ? outputHash && item.outputHashMode or "flat" == "flat")
      || (item ? text && elem "text" (item.passAsFile or [ ]) && item.destination or null == "")
    else
      isLookedAt item && pathExists (plain item) && !pathExists "${plain item}/.";

  # Only paths are looked at. Looking at the output of a derivation would build it, and pure evaluation reads its own
  # sources only.
  isLookedAt =
    item:
    isPath item
    || (
      isString item
      && builtins ? currentSystem
      && getContext item != { }
      && all (source: attrNames source == [ "path" ]) (attrValues (getContext item))
    );
  plain = item: unsafeDiscardStringContext (toString item);

  checkPlanner =
    planner:
    if isInt planner && (planner == 1 || planner == 2) then
      planner
    else
      refuse builder "planner" planner "1 or 2";

  checkDirectory =
    item: path:
    if seq path (isFile item) then
      throw (
        "${builder}: an item of contents is a file, ${baseNameOf (unsafeDiscardStringContext path)}, "
        + "expected a directory, whose tree is linked into /: files.\"/path\".source puts a file somewhere"
      )
    else
      path;

  checkContents =
    contents:
    if isList contents then
      map (item: checkDirectory item (toStorePath builder "an item of contents" item)) contents
    else
      refuse builder "contents" contents "a list of derivations and store paths";

  /**
    Returns `layers` as a list of lists of store paths.
  */
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
      twice = repeated paths;
    in
    if !isList layers then
      refuse builder "layers" layers "a list of lists of derivations and store paths"
    else if twice != [ ] then
      throw "${builder}: ${toJSON (head twice)} is twice in layers, expected once"
    else if length groups >= maxLayers then
      refuse builder "the number of layers" (length groups)
        "less than maxLayers, which is ${toString maxLayers}"
    else
      groups;

  checkString = field: value: if isString value then value else refuse builder field value "a string";

  checkCreated =
    created:
    if isString created && isTime created then
      created
    else
      refuse builder "created" created
        ''a time in RFC 3339, such as "2026-01-31T12:00:00Z", not "now": the image's digest would never be the same'';
in
{
  inherit
    checkContents
    checkCreated
    checkLayers
    checkMaxLayers
    checkName
    checkPlanner
    checkString
    ;
}
