# The name of what is written to the store.
let
  inherit (builtins) isString match stringLength;
  inherit (import ../../nix/refuse.nix) refuse;
in
# builder: name -> name
builder: name:
# Nix allows 211 characters for the name of a store path, with ".drv" in it.
if
  isString name && stringLength name <= 200 && match "[a-zA-Z0-9_][a-zA-Z0-9_.-]*" name != null
then
  name
else
  refuse builder "name" name "at most 200 letters, digits, _ . and -"
