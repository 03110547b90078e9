# Converts numbers to text without losing digits. Nix itself writes a fraction with six digits: `toJSON 1234567.5` is
# 1.23457e+06.
let
  inherit (builtins)
    attrNames
    concatMap
    elemAt
    floor
    foldl'
    fromJSON
    genList
    head
    isFloat
    isList
    length
    stringLength
    substring
    toJSON
    ;
  isJSONObject = import ./is-json-object.nix;
  inherit (import ./refuse.nix) refuse;

  # The limit for whole numbers that a fraction of 64 bits holds exactly (IEEE 754, 2^53).
  maxExact = 9007199254740992;
  # No number below 2^53 needs more digits after the point to differ from its neighbours.
  maxDigits = 17;

  power = count: foldl' (product: _: product * 10) 1 (genList (x: x) count);
  zeros = count: if count <= 0 then "" else substring 0 count "000000000000000000";

  # Writes a number with so many digits after the point: 1.5 with one digit -> "1.5". It is null where the text would
  # be another number.
  withDigits =
    digits: number:
    let
      scaled = number * power digits;
      rounded = toString (floor (scaled + 0.5));
      padded = zeros (digits + 1 - stringLength rounded) + rounded;
      whole = stringLength padded - digits;
      text =
        if digits == 0 then rounded else "${substring 0 whole padded}.${substring whole digits padded}";
    in
    if scaled < maxExact && fromJSON text == number then text else null;

  shortest =
    digits: number:
    let
      text = withDigits digits number;
    in
    if text != null || digits == maxDigits then text else shortest (digits + 1) number;

  # Returns the decimal text that reads as the same number, or null where Nix can't find it.
  exact =
    number:
    let
      text = shortest 0 (if number < 0 then 0 - number else number);
    in
    if text == null then null else (if number < 0 then "-${text}" else text);

  isKept = number: fromJSON (toJSON number) == number;

  # Finds the fractions in a value that Nix's JSON would change, with their paths.
  lost =
    path: value:
    if isFloat value then
      (if isKept value then [ ] else [ { inherit path value; } ])
    else if isList value then
      concatMap (index: lost "${path}[${toString index}]" (elemAt value index)) (
        genList (index: index) (length value)
      )
    else if isJSONObject value then
      concatMap (key: lost "${path}.${key}" value.${key}) (attrNames value)
    else
      [ ];

  spelling =
    number:
    let
      text = exact number;
    in
    if text == null then "all its digits" else toJSON text;
in
{
  /**
    Tells whether Nix's JSON of a number reads as the same number.
  */
  inherit isKept;

  /**
    Returns the text to write instead of a number, for a message.
  */
  expected = number: "a string, ${spelling number}: Nix writes six digits of a fraction";

  /**
    Converts a whole number or a fraction to text.
  */
  toText =
    builder: field: number:
    let
      text = exact number;
    in
    if !isFloat number then
      toString number
    else if text != null then
      text
    else
      refuse builder field number "a string with ${spelling number}: Nix writes six digits of a fraction";

  /**
    Returns the JSON of a value. It refuses a fraction that would lose digits.
  */
  toExactJSON =
    builder: field: value:
    let
      wrong = lost field value;
    in
    if wrong == [ ] then
      toJSON value
    else
      refuse builder (head wrong).path (head wrong).value
        "a string, ${spelling (head wrong).value}: Nix writes six digits of a fraction";
}
