# Finds the name that somebody may have meant: the nearest one by Levenshtein's distance, if it is near.
let
  inherit (builtins)
    elemAt
    filter
    foldl'
    genList
    head
    length
    sort
    stringLength
    ;
  inherit (import ../../nix/letters.nix) lettersOf lowerCase;

  least = a: b: if a < b then a else b;

  # Each row has the distances between the letters so far and every beginning of `b`.
  distance =
    a: b:
    let
      others = lettersOf b;
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
      last = foldl' nextRow (genList (at: at) (width + 1)) (lettersOf a);
    in
    elemAt last width;
in
/**
  Returns one of the names, or null.
*/
name: names:
let
  ranked = map (known: {
    inherit known;
    away = distance (lowerCase name) (lowerCase known);
  }) names;
  near = filter ({ known, away }: away * 3 <= stringLength known) ranked;
in
if near == [ ] then null else (head (sort (a: b: a.away < b.away) near)).known
