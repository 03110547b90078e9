# The types of ../schema that hold one value: the values that each accepts, and its name in a message.
let
  inherit (builtins)
    bitAnd
    filter
    isAttrs
    isBool
    isFloat
    isInt
    isPath
    isString
    map
    match
    replaceStrings
    split
    stringLength
    substring
    ;
  isObject = import ../../nix/is-plain-set.nix;
  quantityOf = import ./rules/quantity.nix;
  number = import ../../nix/number.nix;

  # JSON has these values as strings.
  isText = value: isString value || isPath value || (isAttrs value && value ? outPath);
  isWhole = value: isInt value;
  # A number is right only if Nix writes it without a loss.
  isNumber = value: isInt value || (isFloat value && number.isKept value);
  maxInt32 = 2147483647;

  isQuantity = value: isNumber value || (isString value && quantityOf value != null);
  isTime =
    value:
    isString value
    &&
      match "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})" value
      != null;
  # Go's decoder ignores line breaks. A regular expression would exhaust the stack for a large Secret.
  base64Letters = filter (letter: isString letter && letter != "") (
    split "" "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  );
  isBase64 =
    value:
    let
      text = replaceStrings [ "\n" "\r" ] [ "" "" ] value;
      size = stringLength text;
      end = substring (size - 2) 2 text;
      padding =
        if end == "==" then
          2
        else if substring (size - 1) 1 text == "=" then
          1
        else
          0;
      others = replaceStrings base64Letters (map (_: "") base64Letters) (
        substring 0 (size - padding) text
      );
    in
    isString value && (size == 0 || (bitAnd size 3 == 0 && others == ""));
in
{
  string = {
    holds = isText;
    expected = "a string";
  };
  boolean = {
    holds = isBool;
    expected = "true or false";
  };
  number = {
    holds = isNumber;
    expected = "a number";
  };
  int32 = {
    holds = value: isWhole value && value <= maxInt32 && value >= -maxInt32 - 1;
    expected = "a whole number of 32 bits";
  };
  int64 = {
    holds = isWhole;
    expected = "a whole number of 64 bits";
  };
  byte = {
    holds = isBase64;
    expected = "a string in Base64 (text goes into stringData)";
  };
  time = {
    holds = isTime;
    expected = ''a time as in RFC 3339, such as "2026-01-31T12:00:00Z"'';
  };
  quantity = {
    holds = isQuantity;
    expected = ''a quantity, such as "500m" or "64Mi"'';
  };
  intOrString = {
    holds = value: isWhole value || isText value;
    expected = "a whole number or a string";
  };
  object = {
    holds = isObject;
    expected = "an object";
  };
  any = {
    holds = _: true;
    expected = "anything";
  };
}
