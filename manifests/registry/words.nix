# Checks a string, or a list of strings, for a setting that takes words.
let
  inherit (builtins)
    all
    concatStringsSep
    isList
    isString
    ;
  inherit (import ../../nix/refuse.nix) refuse;
in
builder: field: value:
let
  list = if isList value then value else [ value ];
in
if list != [ ] && all (item: isString item && item != "") list then
  concatStringsSep " " list
else
  refuse builder field value "a string, or a list of strings"
