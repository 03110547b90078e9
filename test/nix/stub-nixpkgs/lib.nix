# As much of nixpkgs' lib as flake.nix, package.nix and module.nix use, so that they are evaluated without nixpkgs.
let
  inherit (builtins)
    all
    attrNames
    attrValues
    concatMap
    filter
    foldl'
    genList
    isAttrs
    isBool
    isInt
    isList
    isString
    listToAttrs
    mapAttrs
    replaceStrings
    stringLength
    substring
    toJSON
    ;

  reverse = foldl' (reversed: item: [ item ] ++ reversed) [ ];

  letters = text: genList (at: substring at 1 text) (stringLength text);

  # The option whose value is at `path`, checked, or its default.
  optionValue =
    name: option: given:
    if !(given ? ${name}) then
      option.default
    else if option.type.check given.${name} then
      given.${name}
    else
      throw "option ${name}: ${toJSON given.${name}} is not ${option.type.name}";
in
rec {
  inherit replaceStrings;
  fetchers.proxyImpureEnvVars = [ "https_proxy" ];
  licenses.asl20.spdxId = "Apache-2.0";

  # Of sets within sets, the second wins.
  merge =
    one: other:
    one
    // mapAttrs (
      name: value: if isAttrs value && isAttrs (one.${name} or null) then merge one.${name} value else value
    ) other;

  nameValuePair = name: value: { inherit name value; };
  genAttrs =
    names: toValue:
    listToAttrs (map (name: nameValuePair name (toValue name)) names);
  mapAttrs' = toPair: set: listToAttrs (map (name: toPair name set.${name}) (attrNames set));
  optional = condition: value: if condition then [ value ] else [ ];
  toUpper = replaceStrings (letters "abcdefghijklmnopqrstuvwxyz") (letters "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

  mkOption = option: { _type = "option"; } // option;
  mkEnableOption =
    description:
    mkOption {
      type = types.bool;
      default = false;
      inherit description;
    };
  mkIf = condition: content: if condition then content else { };
  mkMerge = foldl' (all: one: all // one) { };
  literalExpression = text: { inherit text; };

  types =
    let
      type = name: check: { inherit name check; };
    in
    {
      bool = type "bool" isBool;
      int = type "int" isInt;
      str = type "str" isString;
      package = type "package" (value: isAttrs value && value ? outPath);
      oneOf = choices: type "oneOf" (value: filter (choice: choice.check value) choices != [ ]);
      listOf = item: type "listOf" (value: isList value && all item.check value);
      attrsOf = item: type "attrsOf" (value: isAttrs value && all item.check (attrValues value));
    };

  # What a module makes of `given`, the settings below its `path`; refuses options that it hasn't.
  evalModule =
    {
      module,
      pkgs,
      given,
      path ? [
        "services"
        "pushless"
      ],
      # the rest of the system's configuration
      others ? { },
    }:
    let
      at = foldl' (set: name: set.${name});
      nest = value: foldl' (inner: name: { ${name} = inner; }) value (reverse path);
      evaluated = module {
        inherit pkgs;
        lib = import ./lib.nix;
        utils.escapeSystemdExecArgs = words: builtins.concatStringsSep " " (map toJSON words);
        config = merge others (nest (mapAttrs (name: option: optionValue name option given) options));
      };
      options = at evaluated.options path;
      unknown = filter (name: !(options ? ${name})) (attrNames given);
      undocumented = concatMap (name: optional (!(options.${name} ? description && options.${name} ? type)) name) (
        attrNames options
      );
    in
    assert unknown == [ ];
    assert undocumented == [ ];
    evaluated.config;
}
