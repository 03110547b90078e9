# The limits of JSON Schema on one value: numbers, lengths, patterns and formats, as the API server has them
# (kube-openapi).
let
  inherit (builtins)
    attrNames
    ceil
    concatMap
    floor
    fromJSON
    isFloat
    isInt
    isList
    isString
    length
    map
    replaceStrings
    stringLength
    substring
    toJSON
    ;
  inherit (import ../../../nix/letters.nix) lettersOf;
  inherit (import ./pattern.nix) isIn;
  isObject = import ../../../nix/is-plain-set.nix;
  formats = import ./formats.nix;

  maxExact = 9007199254740991;
  # The greatest distance of a fraction from a whole number, in proportion (swag, IsFloat64AJSONInteger).
  epsilon = 1.0e-9;

  absolute = value: if value < 0 then 0 - value else value;
  truncate = value: if value < 0 then ceil value else floor value;
  isSmall = value: absolute value <= maxExact;
  isNearlyWhole =
    value: value >= 1 && isSmall value && (value - floor value) / (value + floor value) < epsilon;
  # The server treats a fraction as whole where it is nearly whole.
  isWholeFraction = value: isSmall value && (truncate value == value || isNearlyWhole value);
  isNumber = value: isInt value || isFloat value;

  # A whole number is compared with the whole part of a limit. It is null where the limit has none.
  limitFor =
    value: limit:
    if !isNumber limit then
      null
    else if isInt limit || isFloat value then
      limit
    else if isSmall limit then
      truncate limit
    else
      null;

  show =
    number:
    if isFloat number && isSmall number && truncate number == number then
      toString (floor number)
    else
      toJSON number;

  # A whole number is divided by the whole part of a factor.
  isMultiple =
    value: factor:
    let
      whole = if isInt factor then factor else truncate factor;
      times = if factor < 1 then 1.0 / factor * value else value / factor;
    in
    if isInt value then whole > 0 && value == value / whole * whole else isWholeFraction times;

  numberExpected =
    schema: value:
    let
      least = limitFor value (schema.minimum or null);
      most = limitFor value (schema.maximum or null);
      isAbove = schema.exclusiveMinimum or false;
      isBelow = schema.exclusiveMaximum or false;
    in
    if least != null && (value < least || (isAbove && value == least)) then
      "a number ${if isAbove then "above ${show least}" else "from ${show least} on"}"
    else if most != null && (value > most || (isBelow && value == most)) then
      "a number ${if isBelow then "below ${show most}" else "up to ${show most}"}"
    else if schema.multipleOf or null != null && !isMultiple value schema.multipleOf then
      "a multiple of ${show schema.multipleOf}"
    else
      null;

  hexDigits = lettersOf "0123456789abcdef";
  # The bytes from 0x80 to 0xbf, which continue a character of UTF-8: the second ones of U+0080 to U+00BF.
  continuing =
    concatMap (high: map (low: substring 1 1 (fromJSON "\"\\u00${high}${low}\"")) hexDigits)
      [
        "8"
        "9"
        "a"
        "b"
      ];
  codePoints = text: stringLength (replaceStrings continuing (map (_: "") continuing) text);
  # A character has at most four bytes, so the characters of most texts needn't be counted.
  lengthExpected =
    schema: text:
    let
      bytes = stringLength text;
      from = schema.minLength or null;
      to = schema.maxLength or null;
      isClear = (from == null || bytes >= 4 * from) && (to == null || bytes <= to);
    in
    if isClear then null else measureExpected schema "minLength" "maxLength" "a length" codePoints text;

  measureExpected =
    schema: least: most: what: by: value:
    let
      from = schema.${least} or null;
      to = schema.${most} or null;
      measured = by value;
    in
    if from == null && to == null then
      null
    else if from != null && measured < from then
      "${what} from ${show from} on"
    else if to != null && measured > to then
      "${what} up to ${show to}"
    else
      null;

  isRefused = isDoubted: holds: holds == false || (holds == null && isDoubted);

  textExpected =
    isDoubted: schema: value:
    let
      length = lengthExpected schema value;
      pattern = schema.pattern or "";
      format = formats.of schema;
    in
    if length != null then
      length
    else if pattern != "" && isRefused isDoubted (isIn pattern value) then
      "a match of ${pattern}"
    else if format != null && isRefused isDoubted (format.holds value) then
      format.expected
    else
      null;
in
{
  /**
    Tells whether the server treats the number as whole.
  */
  isWhole = value: isInt value || (isFloat value && isWholeFraction value);

  # `truncate` returns the whole part of a fraction, where it is exact.
  inherit isNumber isSmall truncate;

  /**
    Returns what is expected instead of a value, or null: isDoubted -> schema -> value -> text. isDoubted: whether a
    value is refused that only the server can decide about.
  */
  limitExpected =
    isDoubted: schema: value:
    if isNumber value then
      numberExpected schema value
    else if isString value then
      textExpected isDoubted schema value
    else if isList value then
      measureExpected schema "minItems" "maxItems" "a number of items" length value
    else if isObject value then
      measureExpected schema "minProperties" "maxProperties" "a number of fields" (
        fields: length (attrNames fields)
      ) value
    else
      null;
}
