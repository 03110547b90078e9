# Numbers as text that loses nothing. Nix itself writes a fraction with six digits: `toJSON 1234567.5` is 1.23457e+06.
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

  # Whole numbers up to this are exact in a fraction of 64 bits (IEEE 754, 2^53).
  maxExact = 9007199254740992;
  # More digits behind the point than any number below 2^53 needs to be told from its neighbours.
  maxDigits = 17;

  power = count: foldl' (product: _: product * 10) 1 (genList (x: x) count);
  zeros = count: if count <= 0 then "" else substring 0 count "000000000000000000";

  # 1.5 with one digit -> "1.5"; null where it doesn't fit.
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

  # The decimal text of a fraction that reads as the same number; null where Nix can't tell it.
  exact =
    number:
    let
      text = shortest 0 (if number < 0 then 0 - number else number);
    in
    if text == null then null else (if number < 0 then "-${text}" else text);

  isKept = number: fromJSON (toJSON number) == number;

  # The paths in a value to fractions that JSON of Nix's would change.
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
  # Whether JSON that Nix writes of the number reads as the same number.
  inherit isKept;

  # What to write instead, for a message.
  expected = number: "a string, ${spelling number}: Nix writes six digits of a fraction";

  # A whole number or a fraction as text.
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

  # JSON of a value, whose fractions all survive.
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
