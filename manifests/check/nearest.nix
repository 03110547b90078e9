# The name that somebody may have meant: the nearest by Levenshtein's distance, if it is near.
let
  inherit (builtins)
    elemAt
    filter
    foldl'
    genList
    head
    length
    replaceStrings
    sort
    stringLength
    substring
    ;

  letters = text: genList (at: substring at 1 text) (stringLength text);
  lower = replaceStrings (letters "ABCDEFGHIJKLMNOPQRSTUVWXYZ") (
    letters "abcdefghijklmnopqrstuvwxyz"
  );
  least = a: b: if a < b then a else b;

  # Row by row: each is the distances between the letters so far and every beginning of `b`.
  distance =
    a: b:
    let
      others = letters b;
      width = length others;
      nextRow =
        row: letter:
        foldl' (
          done: at:
          let
            change = elemAt row at + (if elemAt others at == letter then 0 else 1);
          in
          done ++ [ (least change (least (elemAt row (at + 1) + 1) (elemAt done at + 1))) ]
        ) [ (head row + 1) ] (genList (at: at) width);
      last = foldl' nextRow (genList (at: at) (width + 1)) (letters a);
    in
    elemAt last width;
in
# name -> names -> one of them, or null
name: names:
let
  ranked = map (known: {
    inherit known;
    away = distance (lower name) (lower known);
  }) names;
  near = filter ({ known, away }: away * 3 <= stringLength known) ranked;
in
if near == [ ] then null else (head (sort (a: b: a.away < b.away) near)).known
