# What all builders take alike, and what becomes an object's `metadata`.
let
  inherit (builtins)
    attrNames
    foldl'
    functionArgs
    isAttrs
    isString
    listToAttrs
    removeAttrs
    stringLength
    toJSON
    ;
  inherit (import ../../nix/refuse.nix) refuse onlyKnown;
  inherit (import ./name.nix)
    checkKey
    checkLabel
    checkLabelValue
    checkSubdomain
    ;

  # TotalAnnotationSizeLimitB of apimachinery: keys and values together.
  maxAnnotations = 256 * 1024;

  labels =
    builder: field: value:
    if !isAttrs value then
      refuse builder field value "an attribute set of strings"
    else
      listToAttrs (
        map (key: {
          name = checkKey builder "a name in ${field}" key;
          value = checkLabelValue builder "${field}.${toJSON key}" value.${key};
        }) (attrNames value)
      );

  annotations =
    builder: field: value:
    let
      checked = listToAttrs (
        map (key: {
          name = checkKey builder "a name in ${field}" key;
          value =
            if isString value.${key} then
              value.${key}
            else
              refuse builder "${field}.${toJSON key}" value.${key} "a string";
        }) (attrNames value)
      );
      size = foldl' (sum: key: sum + stringLength key + stringLength checked.${key}) 0 (attrNames checked);
    in
    if !isAttrs value then
      refuse builder field value "an attribute set of strings"
    else if size > maxAnnotations then
      refuse builder "the size of ${field}" size "at most ${toString maxAnnotations} bytes"
    else
      checked;

  # What isn't there stays away.
  optional = key: value: if value == null then { } else { ${key} = value; };
  checked =
    builder: check: key: value:
    optional key (if value == null then null else check builder key value);

  arguments =
    {
      # name of the object
      name,
      # namespace; where it is absent, kubectl's own
      namespace ? null,
      # attribute set of strings
      labels ? null,
      # attribute set of strings
      annotations ? null,
      # the rest of `metadata`: finalizers, ownerReferences
      metadata ? { },
    }:
    null;
in
{
  inherit labels annotations optional;

  # Names of the arguments that are for `metadata`.
  names = attrNames (functionArgs arguments);

  # What is left of the arguments.
  withoutMetadata = args: removeAttrs args (attrNames (functionArgs arguments));

  toMetadata =
    {
      # who refuses
      builder,
      # how the object's name is checked
      checkName ? checkSubdomain,
      # whether objects of this kind are in namespaces
      namespaced ? true,
    }:
    args:
    let
      extra = args.metadata or { };
    in
    if !isAttrs args || args ? outPath then
      refuse builder "the argument" args "an attribute set with `name` in it"
    else if !isAttrs extra || extra ? outPath then
      refuse builder "metadata" extra "an attribute set, such as { finalizers = [ ... ]; }"
    else if !namespaced && args.namespace or null != null then
      throw "${builder}: namespace isn't an argument, since this kind belongs to the whole cluster"
    else
      onlyKnown builder "metadata" [
        "finalizers"
        "ownerReferences"
      ] extra
      // {
        name = checkName builder "name" (args.name or (throw "${builder}: name is missing"));
      }
      // checked builder checkLabel "namespace" (args.namespace or null)
      // checked builder labels "labels" (args.labels or null)
      // checked builder annotations "annotations" (args.annotations or null);
}
