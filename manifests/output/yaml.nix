# YAML in block style, as people write manifests. A string stands without quotes only where every version of YAML
# reads it as a string. Every other string is written as JSON, which is YAML too.
let
  inherit (builtins)
    attrNames
    concatLists
    concatStringsSep
    fromJSON
    head
    isAttrs
    isList
    isPath
    isString
    map
    match
    replaceStrings
    stringLength
    tail
    toJSON
    ;
  inherit (import ../../nix/letters.nix) lettersOf;
  isJSONObject = import ../../nix/is-json-object.nix;

  # A plain text starts with a letter, so it isn't a number, a date or an indicator. It is no word of YAML 1.1, and
  # not `e3`, which the grammar of YAML 1.1 counts as a number. Nix's regular expressions use the stack for each
  # character, so long texts are never plain.
  isPlain =
    text:
    let
      words =
        "[yY]|[nN]|[yY][eE][sS]|[nN][oO]|[oO][nN]|[oO][fF][fF]|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|"
        + "[nN][uU][lL][lL]|[nN][aA][nN]|[iI][nN][fF]";
    in
    stringLength text <= 256
    && match "[A-Za-z/]([A-Za-z0-9_./:@+=-]*[A-Za-z0-9_/])?" text != null
    && match "${words}|[eE][-+]?[0-9]+" text == null;

  # JSON allows these characters and YAML doesn't: DEL and C1, line breaks of YAML 1.1, the byte order mark,
  # non-characters.
  hexDigits = lettersOf "0123456789abcdef";
  codes = [
    "007f"
  ]
  ++ concatLists (
    map (row: map (digit: "00${row}${digit}") hexDigits) [
      "8"
      "9"
    ]
  )
  ++ [
    "2028"
    "2029"
    "feff"
    "fffe"
    "ffff"
  ];
  escape = replaceStrings (map (code: fromJSON ''"\u${code}"'') codes) (
    map (code: "\\u${code}") codes
  );

  scalar =
    value:
    if isString value then
      (if isPlain value then value else escape (toJSON value))
    else if isPath value || (isAttrs value && !isJSONObject value) then
      # one string, as in JSON; without a detour through JSON, which would lose the context
      scalar "${value}"
    else
      # YAML spells numbers, booleans, null, {} and [] as JSON does
      toJSON value;

  isBlock = value: (isJSONObject value && value != { }) || (isList value && value != [ ]);

  # The lines of a value that isn't empty, without indentation.
  linesOf =
    value:
    if isJSONObject value then
      concatLists (map (key: field (scalar key) value.${key}) (attrNames value))
    else
      concatLists (map item value);

  indented = map (line: "  ${line}");

  field =
    key: value:
    if isBlock value then [ "${key}:" ] ++ indented (linesOf value) else [ "${key}: ${scalar value}" ];

  item =
    value:
    if isBlock value then
      (
        let
          lines = linesOf value;
        in
        [ "- ${head lines}" ] ++ indented (tail lines)
      )
    else
      [ "- ${scalar value}" ];
in
/**
  Returns the text of a value, with a newline at its end.
*/
value: concatStringsSep "\n" (if isBlock value then linesOf value else [ (scalar value) ]) + "\n"
