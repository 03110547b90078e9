# YAML in block style, as people write manifests. A string stands without quotes only where no reader of any YAML
# version takes it for something else; all others stand as JSON has them, which is YAML too.
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

  # A letter first, so that it is no number, date or indicator; none of the words of YAML 1.1, and no `e3`, which its
  # grammar has among numbers.
  # Regular expressions of Nix take stack by the character, so long texts are never asked.
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

  # JSON allows these as they are, YAML doesn't: DEL and C1, line breaks of YAML 1.1, the byte order mark, no
  # characters.
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
      # one string, as in JSON; not through JSON, which would lose what it refers to
      scalar "${value}"
    else
      # numbers, booleans, null, {} and [] are spelled alike
      toJSON value;

  isBlock = value: (isJSONObject value && value != { }) || (isList value && value != [ ]);

  # The lines of a value that isn't empty, without indentation of their own.
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
# value -> text, with a newline at its end
value: concatStringsSep "\n" (if isBlock value then linesOf value else [ (scalar value) ]) + "\n"
