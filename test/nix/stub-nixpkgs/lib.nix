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

  # The option whose value is at `path`, checked, or its default. Of a submodule, each option's.
  optionValue =
    name: option: given:
    if option.type ? options then
      optionValues option.type.options (given.${name} or { })
    else if !(given ? ${name}) then
      option.default
    else if option.type.check given.${name} then
      given.${name}
    else
      throw "option ${name}: ${toJSON given.${name}} is not ${option.type.name}";
  optionValues =
    options: given:
    let
      unknown = filter (name: !(options ? ${name})) (attrNames given);
    in
    assert unknown == [ ];
    mapAttrs (name: option: optionValue name option given) options;
in
rec {
  inherit replaceStrings;
  versionAtLeast = version: least: builtins.compareVersions version least >= 0;
  fetchers.proxyImpureEnvVars = [ "https_proxy" ];
  licenses.asl20.spdxId = "Apache-2.0";

  # Of sets within sets, the second wins.
  merge =
    one: other:
    one
    // mapAttrs (
      name: value:
      if isAttrs value && isAttrs (one.${name} or null) then merge one.${name} value else value
    ) other;

  nameValuePair = name: value: { inherit name value; };
  genAttrs = names: toValue: listToAttrs (map (name: nameValuePair name (toValue name)) names);
  mapAttrs' = toPair: set: listToAttrs (map (name: toPair name set.${name}) (attrNames set));
  optionalString = condition: text: if condition then text else "";
  optional = condition: value: if condition then [ value ] else [ ];
  toUpper = replaceStrings (letters "abcdefghijklmnopqrstuvwxyz") (
    letters "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
  );

  mkOption = option: { _type = "option"; } // option;
  mkEnableOption =
    description:
    mkOption {
      type = types.bool;
      default = false;
      inherit description;
    };
  mkIf = condition: content: if condition then content else { };
  # Of sets, or of lists; mkIf made an empty set of what isn't to be.
  mkMerge =
    parts:
    if filter isList parts == [ ] then
      foldl' (all: one: all // one) { } parts
    else
      concatMap (part: if isList part then part else [ ]) parts;
  mkDefault = value: value;
  # The older name is not an option here.
  mkRenamedOptionModule = _: _: { };
  optionalAttrs = condition: set: if condition then set else { };
  filterAttrs =
    keep: set:
    listToAttrs (
      map (name: nameValuePair name set.${name}) (filter (name: keep name set.${name}) (attrNames set))
    );
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
      anything = type "anything" (_: true);
      nullOr = item: type "null or ${item.name}" (value: value == null || item.check value);
      either =
        one: other: type "${one.name} or ${other.name}" (value: one.check value || other.check value);
      enum = values: type "one of ${toJSON values}" (value: builtins.elem value values);
      strMatching = pattern: type "str" (value: isString value && builtins.match pattern value != null);
      ints.between = low: high: type "int" (value: isInt value && value >= low && value <= high);
      numbers.between =
        low: high:
        type "number" (value: (isInt value || builtins.isFloat value) && value >= low && value <= high);
      submodule = { options }: {
        name = "submodule";
        inherit options;
      };
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
        config = merge (merge { systemd.package.version = "260.1"; } others) (
          nest (optionValues options given)
        );
        # Of what others define, nothing is known.
        options.environment.etc = { };
      };
      options = at evaluated.options path;
      undocumented = concatMap (
        name: optional (!(options.${name} ? description && options.${name} ? type)) name
      ) (attrNames options);
    in
    assert undocumented == [ ];
    evaluated.config;
}
