# Modes of files in volumes: "0440" -> 288, the number in JSON.
#
# Nix has no octal numbers: 0440 is four hundred forty. Nobody can tell which of the two was meant, so every number is
# refused.
let
  inherit (builtins)
    concatStringsSep
    foldl'
    fromJSON
    genList
    isAttrs
    isInt
    isList
    isString
    map
    mapAttrs
    match
    stringLength
    substring
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;

  digitsOf = text: genList (index: fromJSON (substring index 1 text)) (stringLength text);
  fromOctal = text: foldl' (sum: digit: sum * 8 + digit) 0 (digitsOf text);

  toOctal =
    number:
    if number < 8 then toString number else toOctal (number / 8) + toString (number - number / 8 * 8);

  maxMode = 511;

  # The modes that a number may have meant: its digits as an octal number, and the number itself.
  spellings =
    mode:
    (if match "[0-7]{3}" (toString mode) == null then [ ] else [ "\"0${toString mode}\"" ])
    ++ (if mode > maxMode then [ ] else [ "\"0${toOctal mode}\" for the number ${toString mode}" ]);

  expected =
    mode:
    "octal digits in a string, such as \"0440\", since Nix has no octal numbers"
    + (if isInt mode && mode >= 0 then ": ${concatStringsSep ", or " (spellings mode)}" else "");

  toMode =
    builder: field: mode:
    if isString mode && match "0?[0-7]{3}" mode != null then
      fromOctal mode
    else
      refuse builder field mode (expected mode);

  # Converts the modes of a set, and of the items in it.
  inSource =
    builder: field: source:
    if !isPlainSet source then
      source
    else
      mapAttrs (
        key: value:
        if value == null then
          value
        else if key == "defaultMode" then
          toMode builder "${field}.${key}" value
        else if key == "items" && isList value then
          map (
            item:
            if isAttrs item && item ? mode && item.mode != null then
              item
              // {
                mode = toMode builder "${field}.items.${toString (item.key or item.path or "")}.mode" item.mode;
              }
            else
              item
          ) value
        else if key == "sources" && isList value then
          map (
            source:
            if isAttrs source then
              mapAttrs (kind: inSource builder "${field}.sources.${kind}") source
            else
              source
          ) value
        else
          value
      ) source;
in
{
  inherit inSource;
}
