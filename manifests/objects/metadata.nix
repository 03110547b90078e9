# The arguments that all builders share, and the object's `metadata` that is made from them.
let
  inherit (builtins)
    attrNames
    elem
    filter
    foldl'
    head
    functionArgs
    isAttrs
    isString
    listToAttrs
    removeAttrs
    stringLength
    toJSON
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse onlyKnown;
  inherit (import ./name.nix)
    checkKey
    checkLabel
    checkLabelValue
    checkSubdomain
    ;

  # TotalAnnotationSizeLimitB of apimachinery, for keys and values together.
  maxAnnotations = 256 * 1024;

  # A longer name is wrong. It is shown by the message that refuses it, and not as the name of the builder.
  maxShown = 63;

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
      size = foldl' (sum: key: sum + stringLength key + stringLength checked.${key}) 0 (
        attrNames checked
      );
    in
    if !isAttrs value then
      refuse builder field value "an attribute set of strings"
    else if size > maxAnnotations then
      refuse builder "the size of ${field}" size "at most ${toString maxAnnotations} bytes"
    else
      checked;

  /**
    Returns a field as a set. The set is empty where the value is null.
  */
  optional = key: value: if value == null then { } else { ${key} = value; };
  checked =
    builder: check: key: value:
    optional key (if value == null then null else check builder key value);

  arguments =
    {
      # name of the object
      name,
      # namespace. Without one, kubectl uses its own
      namespace ? null,
      # attribute set of strings
      labels ? null,
      # attribute set of strings
      annotations ? null,
      # the other fields of `metadata`: finalizers, ownerReferences
      metadata ? { },
    }:
    null;
  # The names of the arguments that belong to `metadata`.
  names = attrNames (functionArgs arguments);
in
{
  inherit labels annotations optional;

  /**
    Returns a field as a set. The set is empty where the value is an empty set or list.
  */
  unlessEmpty = key: value: if value == { } || value == [ ] then { } else { ${key} = value; };

  /**
    Returns the namespace of another object as an argument, { namespace = "prod"; }, or { } where it has none.
  */
  namespaceOf =
    object:
    if object.metadata.namespace or null == null then { } else { inherit (object.metadata) namespace; };

  /**
    Returns the name of a builder for refusals, with the object's name if it has one: `pod "web"`.
  */
  named =
    builder: args:
    let
      name = args.name or null;
    in
    if isString name && stringLength name <= maxShown then "${builder} ${toJSON name}" else builder;

  /**
    Returns the arguments without those of `metadata`. It removes null too, so an argument can be passed on as it is.
  */
  withoutMetadata =
    args:
    # `toMetadata` refuses a value that isn't a set.
    if isAttrs args then
      removeAttrs args (names ++ filter (key: args.${key} == null) (attrNames args))
    else
      { };

  /**
    Returns the arguments without those of `metadata`. It keeps null.
  */
  withoutNames = args: removeAttrs args names;

  toMetadata =
    {
      # the builder that refuses
      builder,
      # function that checks the object's name
      checkName ? checkSubdomain,
      # whether objects of this kind are in namespaces
      namespaced ? true,
    }:
    args:
    let
      extra = args.metadata or { };
      # YAML has these fields inside `metadata`.
      nested = filter (key: key != "metadata" && elem key names) (attrNames extra);
    in
    if !isPlainSet args then
      refuse builder "the argument" args "an attribute set with `name` in it"
    else if !isPlainSet extra then
      refuse builder "metadata" extra "an attribute set, such as { finalizers = [ ... ]; }"
    else if nested != [ ] then
      throw "${builder}: metadata.${head nested} is given, expected ${head nested} as an argument of its own"
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
