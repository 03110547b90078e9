# Translates patterns of JSON Schema to the extended expressions of POSIX that Nix has. The API server reads them as
# Go does (RE2).
#
# A pattern is translated only if it means exactly the same. All others are left to the server, and to `pushless
# manifests check`:
# - flags, named groups, classes such as \pL and [[:alpha:]], \b, \A, \z, \Q, escapes of character codes
# - ^ and $ anywhere except at the ends of a whole alternative
# - characters beyond ASCII, in the pattern or in the text, since Nix sees bytes
# - a repeated group with repetitions inside, unless it begins or ends with a fixed character: Nix may otherwise try
# every way to split the text
# - repetitions of more than a few thousand characters in all
# - texts beyond 256 bytes, for which Nix's matcher runs out of stack
#
# In 239 definitions of public charts, 59 of 77 different patterns are translated, at 2,269 of 2,446 places.
let
  inherit (builtins)
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    fromJSON
    genList
    head
    isList
    isString
    length
    map
    match
    replaceStrings
    split
    stringLength
    substring
    tail
    ;

  maxLength = 256;
  # Nix fails on expressions that are a little larger than this.
  maxSize = 5000;

  lowerCase = replaceStrings [ "D" "W" "S" ] [ "d" "w" "s" ];

  inClass = ''(\\[^a-zA-Z0-9]|\\[dwsnrt]|[^]\[])'';
  class = ''\[\^?${inClass}+]'';
  escaped = ''\\[^a-zA-Z0-9]|\\[dwsDWSnrt]'';
  count = "[{][0-9]+(,[0-9]*)?[}]";
  token = ''(${class}|${escaped}|${count}|\(\?:|\(\?|[][(){}.*+?^$|\]|[^][(){}.*+?^$|\])'';

  isAscii = text: match "[[:print:]\n\r\t]*" text != null;

  # Returns the parts of a text that match, or null where there is text between them.
  tokensOf =
    pattern: text:
    let
      parts = split pattern text;
      between = filter (part: isString part && part != "") parts;
    in
    if between == [ ] then map head (filter isList parts) else null;

  ranges = {
    d = "0-9";
    w = "0-9A-Za-z_";
    s = "\t\n\r ";
  };
  # Nix has no escape for a form feed, so \s leaves it out. A text with one isn't matched at all (isAscii).
  controls = {
    n = "\n";
    r = "\r";
    t = "\t";
  };

  literal =
    char:
    if char == "^" then
      "\\^"
    else if
      elem char [
        "["
        "]"
        "("
        ")"
        "{"
        "}"
        "."
        "*"
        "+"
        "?"
        "$"
        "|"
      ]
    then
      "[${char}]"
    else if char == "\\" then
      "\\\\"
    else
      char;

  # Tells whether the end of a range means the same in POSIX.
  isPlain =
    char:
    stringLength char == 1
    && !elem char [
      "["
      "]"
      "^"
      "-"
      "\\"
    ];

  # Splits the characters of a class into { range; } and { char; }. It returns null where the end of a range isn't
  # plain.
  classItems =
    parts: index:
    let
      left = length parts - index;
      at = elemAt parts;
      char = at index;
      name = substring 1 1 char;
      one =
        if stringLength char == 2 && ranges ? ${name} then
          { range = ranges.${name}; }
        else if stringLength char == 2 then
          { char = controls.${name} or name; }
        else
          { inherit char; };
      isRange = left > 2 && at (index + 1) == "-";
      last = at (index + 2);
    in
    if left == 0 then
      [ ]
    else if !isRange then
      [ one ] ++ classItems parts (index + 1)
    else if isPlain char && isPlain last && !(last < char) then
      [ { range = "${char}-${last}"; } ] ++ classItems parts (index + 3)
    else
      [ null ];

  # Converts a class such as "[^\\d._-]" to POSIX, with ], ^ and - at their places there. It returns null where there
  # is none.
  translateClass =
    class:
    let
      isNegated = substring 1 1 class == "^";
      from = if isNegated then 2 else 1;
      parts = tokensOf inClass (substring from (stringLength class - from - 1) class);
      items = classItems parts 0;
      special = filter (
        char:
        elem char [
          "]"
          "^"
          "-"
        ]
      ) (map (item: item.char or "") items);
      body = concatStringsSep "" (
        map (item: item.range or (if elem item.char special then "" else item.char)) items
      );
      has = char: if elem char special then char else "";
      text = "${has "]"}${body}${has "^"}${has "-"}";
      # A bracket before a colon would begin another class.
      isOdd = match ".*\\[[.:=].*" text != null || (!isNegated && match "\\^.*" text != null);
    in
    if parts == null || parts == [ ] || elem null items || isOdd then
      null
    else
      "[${if isNegated then "^" else ""}${text}]";

  translateToken =
    token:
    let
      first = substring 0 1 token;
      name = substring 1 1 token;
    in
    if first == "[" && stringLength token > 1 then
      translateClass token
    else if first == "\\" && stringLength token == 2 then
      if
        elem name [
          "d"
          "w"
          "s"
        ]
      then
        "[${ranges.${name}}]"
      else if
        elem name [
          "D"
          "W"
          "S"
        ]
      then
        "[^${ranges.${lowerCase name}}]"
      else
        controls.${name} or (literal name)
    else if token == "(?:" then
      "("
    else if token == "." then
      "[^\n]"
    else if
      elem token [
        "(?"
        "["
        "]"
        "{"
        "}"
        "\\"
        "^"
        "$"
      ]
    then
      null
    else
      token;

  isRepetition =
    token:
    elem token [
      "*"
      "+"
    ]
    || match "[{][0-9]+,[}]" token != null;
  isQuantifier = token: isRepetition token || token == "?" || match "[{].*[}]" token != null;
  # The greatest number of times that a repetition with numbers allows.
  timesOf =
    token:
    let
      parts = match "[{](0|[1-9][0-9]{0,2})(,(0|[1-9][0-9]{0,2})?)?[}]" token;
      from = fromJSON (elemAt parts 0);
      to = elemAt parts 2;
    in
    if parts == null then
      (if substring 0 1 token == "{" then maxSize + 1 else 1)
    else if to == null || to == "" then
      from
    else if fromJSON to < from then
      maxSize + 1
    else
      fromJSON to;
  isFixed = token: match "[^][(){}.*+?^$|\\]|\\\\[^a-zA-Z0-9]" token != null;

  isOpening =
    token:
    elem token [
      "("
      "(?:"
    ];

  # The facts about a group while it is read. The outermost group is the pattern itself.
  emptyGroup = {
    count = 0;
    # The greatest number of characters, where a repeated one counts as often as it may occur. `last` is that of the
    # last item.
    size = 0;
    last = 0;
    # Whether an item in it is repeated without limit.
    repeats = false;
    # Whether it begins with a character that occurs once; and at its end, whether it begins or ends with one.
    isFixed = false;
  };

  addTo =
    group: token:
    group
    // {
      count = group.count + 1;
      size = group.size + (if isQuantifier token then group.last * (timesOf token - 1) else 1);
      last = 1;
      repeats = group.repeats || isRepetition token;
      isFixed =
        if token == "|" then
          false
        else if group.count == 0 then
          isFixed token
        else
          group.isFixed && !(group.count == 1 && isQuantifier token);
    };

  isMisplaced =
    state: token:
    let
      inherit (state) previous;
      isRisky = isRepetition token && previous == ")" && state.closed.repeats && !state.closed.isFixed;
    in
    (
      isQuantifier token
      && (
        isQuantifier previous
        || isOpening previous
        || elem previous [
          ""
          "|"
        ]
      )
    )
    || (token == ")" && length state.groups == 1)
    || isRisky;

  addToken =
    state: token:
    let
      group = head state.groups;
      outer = tail state.groups;
      next = state // {
        previous = token;
        alternatives = [ (head state.alternatives ++ [ token ]) ] ++ tail state.alternatives;
      };
    in
    if state == null then
      null
    # After another quantifier, `?` makes that one lazy. That changes nothing where the whole text must match.
    else if token == "?" && isQuantifier state.previous then
      state // { previous = "lazy"; }
    else if isMisplaced state token then
      null
    else if isOpening token then
      next
      // {
        groups = [
          emptyGroup
          (addTo group token)
        ]
        ++ outer;
      }
    else if token == ")" then
      next
      // {
        closed = group // {
          isFixed = group.isFixed || (isFixed state.previous && !group.hasAlternatives or false);
        };
        groups = [
          (
            head outer
            // {
              repeats = (head outer).repeats || group.repeats;
              size = (head outer).size + group.size;
              last = group.size;
            }
          )
        ]
        ++ tail outer;
      }
    else if token == "|" && outer == [ ] then
      next
      // {
        alternatives = [ [ ] ] ++ state.alternatives;
        groups = [ (emptyGroup // { inherit (group) size; }) ];
      }
    else
      next
      // {
        groups = [
          (addTo group token // (if token == "|" then { hasAlternatives = true; } else { }))
        ]
        ++ outer;
      };

  # The alternatives of the whole pattern, each a list of tokens, or null where the pattern isn't translated.
  read =
    pattern:
    let
      tokens = tokensOf token pattern;
      end = foldl' addToken {
        previous = "";
        alternatives = [ [ ] ];
        groups = [ emptyGroup ];
      } tokens;
    in
    if
      !isAscii pattern
      || tokens == null
      || end == null
      || length end.groups != 1
      || (head end.groups).size > maxSize
    then
      null
    else
      end.alternatives;

  translateAlternative =
    tokens:
    let
      count = length tokens;
      isStart = count > 0 && head tokens == "^";
      isEnd = count > 0 && elemAt tokens (count - 1) == "$";
      from = if isStart then 1 else 0;
      inner = genList (index: translateToken (elemAt tokens (from + index))) (
        count - from - (if isEnd then 1 else 0)
      );
    in
    if elem null inner then
      null
    else
      "${if isStart then "" else ".*"}(${concatStringsSep "" inner})${if isEnd then "" else ".*"}";

  # Returns the expression for `match`, or null.
  translate =
    pattern:
    let
      alternatives = read pattern;
      translated = map translateAlternative alternatives;
    in
    if alternatives == null || elem null translated then null else concatStringsSep "|" translated;
in
{
  inherit translate;

  /**
    Tells whether Go finds the pattern in the text. It is null where only the server can decide.
  */
  isIn =
    pattern: text:
    let
      translated = translate pattern;
    in
    if stringLength text > maxLength || !isAscii text || translated == null then
      null
    else
      match translated text != null;
}
