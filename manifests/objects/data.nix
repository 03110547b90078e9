# The data of ConfigMaps and Secrets: texts by keys, which may be names of files.
let
  inherit (builtins)
    attrNames
    filter
    foldl'
    head
    intersectAttrs
    isBool
    isFloat
    isInt
    isPath
    isString
    listToAttrs
    map
    match
    readFile
    stringLength
    substring
    toJSON
    ;
  inherit (import ./metadata.nix) unlessEmpty;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  number = import ../../nix/number.nix;

  # MaxSecretSize of Kubernetes' validation. etcd accepts little more.
  maxSize = 1024 * 1024;

  checkKey =
    builder: field: key:
    if
      stringLength key <= 253 && match "[-._a-zA-Z0-9]+" key != null && match "\\.(\\..*)?" key == null
    then
      key
    else
      refuse builder "a name in ${field}" key
        "at most 253 letters, digits, - _ ., that isn't . and doesn't begin with ..";

  toText =
    builder: field: value:
    if isString value then
      value
    else if isPath value then
      readFile value
    else if isBool value then
      toJSON value
    else if isInt value || isFloat value then
      number.toText builder field value
    else
      refuse builder field value
        "a string, a number, a boolean or the path of a file (for JSON: builtins.toJSON)";

  # Regular expressions can't read long texts. The first piece is enough to tell text from base64.
  toBase64 =
    builder: field: value:
    if
      isString value
      && match "[A-Za-z0-9+/]*={0,2}" (substring 0 1024 value) != null
      && stringLength value == stringLength value / 4 * 4
    then
      value
    else
      refuse builder field value "base64, as Kubernetes keeps it";

  toData =
    toValue: builder: field: data:
    if !isPlainSet data then
      refuse builder field data "an attribute set, key to text"
    else
      listToAttrs (
        map (key: {
          name = checkKey builder field key;
          value = toValue builder "${field}.${toJSON key}" data.${key};
        }) (attrNames data)
      );

  sizeOf =
    data: foldl' (sum: key: sum + stringLength key + stringLength data.${key}) 0 (attrNames data);

in
{
  /**
    Checks texts by their keys: builder -> field -> { key = text; } -> the same set. A number keeps all its digits,
    and a path becomes the text of its file.
  */
  toTexts = toData toText;

  /**
    Checks values in base64 by their keys: builder -> field -> { key = base64; } -> the same set.
  */
  toBytes = toData toBase64;

  /**
    Joins two sets that are one in the object, { data = { ... }; binaryData = { ... }; }. An empty set is left out.
  */
  join =
    builder: first: one: second: other:
    let
      twice = attrNames (intersectAttrs one other);
      size = sizeOf one + sizeOf other;
    in
    if twice != [ ] then
      throw "${builder}: ${toJSON (head twice)} is both in ${first} and in ${second}"
    else if size > maxSize then
      refuse builder "the size of ${first}" size "at most ${toString maxSize} bytes"
    else
      unlessEmpty first one // unlessEmpty second other;

  /**
    Returns those keys that a set doesn't have.
  */
  missing = keys: data: filter (key: !(data ? ${key})) keys;
}
