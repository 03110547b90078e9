/**
  Returns the items that a list has more than once, each as often as it is there.

  # Type

      repeated :: [a] -> [a]
*/
list:
let
  inherit (builtins) filter length;
in
filter (item: length (filter (other: other == item) list) > 1) list
