# Converts settings of `pushless serve` to the environment of a Pod: { hold = 25; } to { PUSHLESS_HOLD = 25; }.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    genList
    head
    isBool
    isInt
    isString
    listToAttrs
    map
    replaceStrings
    stringLength
    substring
    toJSON
    ;
  inherit (import ../../nix/refuse.nix) refuse;

  letters = text: map (at: substring at 1 text) (genList (at: at) (stringLength text));
  toUpper = replaceStrings (letters "abcdefghijklmnopqrstuvwxyz-") (
    letters "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
  );
in
{
  # the builder that refuses
  builder,
  # settings that are made from other arguments of the builder
  own,
  # names of further settings that other arguments decide
  reserved,
  # the settings that the caller gives
  settings,
  # names by which clients call the registry, beside those of settings.hosts
  hosts,
}:
let
  twice = filter (key: own ? ${key} || builtins.elem key reserved) (attrNames settings);

  given =
    if hosts == [ ] then
      settings
    else
      settings
      // {
        hosts = concatStringsSep " " (
          hosts ++ (if settings ? hosts then [ (checkHosts settings.hosts) ] else [ ])
        );
      };

  checkHosts =
    value:
    if isString value then
      value
    else
      refuse builder "settings.hosts" value "names, separated by spaces";

  checkSetting =
    key:
    let
      value = given.${key};
    in
    if !(isBool value || isInt value || isString value) then
      refuse builder "settings.${key}" value "a string, a number or a boolean"
    else
      value;
in
if twice != [ ] then
  throw "${builder}: settings ${toJSON (head twice)} is made from other arguments, expected another setting"
else
  listToAttrs (
    map (key: {
      name = "PUSHLESS_${toUpper key}";
      value = own.${key} or (checkSetting key);
    }) (attrNames (given // own))
  )
