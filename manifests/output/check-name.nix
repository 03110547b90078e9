/**
  Returns the name of a file or directory in the store, or refuses it.
*/
let
  inherit (builtins) isString match stringLength;
  inherit (import ../../nix/refuse.nix) refuse;
in
# builder: name -> name
builder: name:
# Nix allows 211 characters for the name of a store path, including ".drv".
if
  isString name && stringLength name <= 200 && match "[a-zA-Z0-9_][a-zA-Z0-9_.-]*" name != null
then
  name
else
  refuse builder "name" name "at most 200 letters, digits, _ . and -"
